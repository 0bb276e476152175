using System.Diagnostics;
using static TorchSharp.torch;

namespace Locutor.Torch.Tests;

public sealed class ScalarLifetimeTests(ITestOutputHelper output)
{
    /// <summary>Without the delay before scalars are freed, one second of this test failed dozens of times.</summary>
    [Fact]
    public void Numbers_outlive_the_operations_they_are_given_to_however_often_garbage_is_collected()
    {
        using var done = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!done.IsCancellationRequested)
            {
                GC.Collect(0, GCCollectionMode.Forced, blocking: true);
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        int operations = 0;
        try
        {
            var random = TestSeed.NewRandom();
            using var x = arange(5, ScalarType.Float32);
            // A lower bound for the number of operations, for busy machines too.
            long start = Stopwatch.GetTimestamp();
            for (; operations <= 1000 || Stopwatch.GetElapsedTime(start).TotalSeconds < 3; operations += 100)
            {
                using var scope = NewDisposeScope();
                for (int i = 0; i < 100; i++)
                {
                    float number = random.NextSingle();
                    (x + number)[3].item<float>().ShouldBe(3 + number);
                }
            }
        }
        finally
        {
            done.Cancel();
            collector.Join();
        }

        output.WriteLine($"{operations} operations");
        operations.ShouldBeGreaterThan(1000);
    }
}
