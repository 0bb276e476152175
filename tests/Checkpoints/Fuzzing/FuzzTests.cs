using System.Diagnostics;
using System.Globalization;
using Locutor.Checkpoints.Formats;
using Locutor.Checkpoints.Inspection;
using Locutor.Checkpoints.Lora;
using Locutor.Checkpoints.Naming;
using Locutor.Checkpoints.Quantised;

namespace Locutor.Checkpoints.Tests.Fuzzing;

/// <summary>
/// Opens randomly changed files: the result is a checkpoint whose every byte can be read, or a <see cref="CheckpointException"/>, within
/// limits of time and memory. A run tests a fixed number of files of each format; LOCUTOR_FUZZ_MINUTES sets a duration instead.
/// </summary>
public sealed class FuzzTests
{
    private const long MostAllocated = 256 << 20;
    private const int Files = 1000;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private readonly int seed = TestSeed.Value;

    public static TheoryData<string> Formats => [.. FuzzCorpus.Formats];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Any_change_ends_in_a_checkpoint_or_an_error(string format)
    {
        bool timed = double.TryParse(
            Environment.GetEnvironmentVariable("LOCUTOR_FUZZ_MINUTES"), CultureInfo.InvariantCulture, out double minutes);
        string folder = MemoryFolder.Create("locutor-fuzz-");
        try
        {
            var mutations = new Mutations(new Random(seed), FuzzCorpus.Load(format, folder));
            string path = Path.Combine(folder, FuzzCorpus.FileName(format));
            long start = Stopwatch.GetTimestamp(), rounds = 0, opened = 0;
            for (; timed ? Stopwatch.GetElapsedTime(start).TotalMinutes < minutes : rounds < Files; rounds++)
            {
                byte[] bytes = mutations.Next();
                File.WriteAllBytes(path, bytes);
                if (TryOne(format, path, bytes, $"{format}, seed {seed}, round {rounds}")) opened++;
            }
            TestContext.Current.TestOutputHelper?.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{format}: {rounds:N0} files, {opened:N0} of them opened, seed {seed}"));
            (rounds - opened).ShouldBeGreaterThan(0, "a reader that accepts every change checks nothing");
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    /// <returns>Whether the file was accepted.</returns>
    private static bool TryOne(string format, string path, byte[] bytes, string about)
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
        bool opened = false;
        try
        {
            if (format == "adapter")
            {
                using var lora = LoraFile.Open(path);
                var fitted = lora.FitTo(FuzzCorpus.Network, 0.5);
                foreach (var patch in fitted.Targets.SelectMany(fitted.PatchesOf))
                    foreach (var tensor in new[] { patch.Down, patch.Up, patch.Difference }) if (tensor is not null) Touch(tensor);
            }
            else
            {
                using var checkpoint = FuzzCorpus.IsOfANetwork(format)
                    ? NetworkCheckpoint.Open(FuzzCorpus.ToOpen(format, path))
                    : CheckpointFormats.Open(path);
                long sum = 0;
                foreach (var tensor in checkpoint.Tensors.Values) sum += Touch(tensor);
                CheckpointInspection.Render(checkpoint).Length.ShouldBeGreaterThan((int)(sum & 1));
            }
            opened = true;
        }
        catch (CheckpointException e) when (e.Message.Length > 10)
        {
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(
                $"{about}: {e.GetType().Name}: {e.Message}; the file was {Convert.ToBase64String(bytes)}", e);
        }
        Stopwatch.GetElapsedTime(start).ShouldBeLessThan(Longest, about);
        (GC.GetAllocatedBytesForCurrentThread() - allocated).ShouldBeLessThan(MostAllocated, about);
        return opened;
    }

    /// <summary>Reads every byte; a range outside the mapping would end the process.</summary>
    private static unsafe long Touch(CheckpointTensor tensor)
    {
        long sum = 0;
        for (long i = 0; i < tensor.ByteLength; i += 1 << 20)
        {
            foreach (byte one in new ReadOnlySpan<byte>((byte*)tensor.Address + i, (int)Math.Min(1 << 20, tensor.ByteLength - i)))
                sum += one;
        }

        return sum + (tensor.Scale is null ? 0 : Touch(tensor.Scale)) + (tensor.ElementCount < 10_000 ? tensor.ToDoubles().Length : 0);
    }
}
