using System.Diagnostics;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Locutor.Torch.Tests;

/// <summary>Arguments outlive the operations that they are given to, however often garbage is collected.</summary>
public sealed class ArgumentLifetimeTests(ITestOutputHelper output)
{
    private const int Rounds = 100;

    /// <summary>Without the delay before scalars are freed, one second of this test failed dozens of times.</summary>
    [Fact]
    public void Numbers_outlive_the_operations_they_are_given_to()
    {
        var random = TestSeed.NewRandom();
        using var x = arange(5, ScalarType.Float32);
        RunWhileGarbageIsCollected(() =>
        {
            using var scope = NewDisposeScope();
            for (int i = 0; i < Rounds; i++)
            {
                float number = random.NextSingle();
                (x + number)[3].item<float>().ShouldBe(3 + number);
            }
        });
    }

    /// <summary>Without the delay before tensors are freed by their finalizers, this test ended its process within a second.</summary>
    [Fact]
    public void Tensors_outlive_the_operations_they_are_given_to()
    {
        using var x = arange(100_000, ScalarType.Float32);
        RunWhileGarbageIsCollected(() =>
        {
            for (int i = 0; i < Rounds; i++) Sum(x).ShouldBe(3 * 99_999f);
        });
    }

    /// <summary>Optimised, so that the method holds no tensor after its last use.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Sum(Tensor x) => x.add(x).add(x.mul(x).sqrt()).max().item<float>();

    private void RunWhileGarbageIsCollected(Action operate)
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
            // A lower bound for the number of operations, for busy machines too.
            long start = Stopwatch.GetTimestamp();
            for (; operations <= 1000 || Stopwatch.GetElapsedTime(start).TotalSeconds < 3; operations += Rounds) operate();
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
