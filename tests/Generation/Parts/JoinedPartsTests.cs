using Locutor.Generation.Parts;
using Locutor.Media;
using Locutor.Media.Video;

namespace Locutor.Generation.Tests.Parts;

public sealed class JoinedPartsTests : IDisposable
{
    private const int Width = 64, Height = 48, Step = 25;
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-joined-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Frames_of_all_parts_follow_each_other_and_no_joint_jumps()
    {
        // The second part is brighter by far more than two neighbouring frames differ.
        FinishedPart[] parts =
        [
            await WriteAsync(new VideoPart(0, 48), 0), await WriteAsync(new VideoPart(40, 38), Step),
            await WriteAsync(new VideoPart(70, 20), Step),
        ];
        var joined = await ReadAsync(parts);
        joined.Count.ShouldBe(90);
        for (int i = 0; i < 90; i++)
        {
            if (i < 40) Difference(joined[i], Frame(i, 0)).ShouldBeLessThan(3, $"frame {i}");
            if (i >= 48) Difference(joined[i], Frame(i, Step)).ShouldBeLessThan(3, $"frame {i}");
        }
        double inside = Enumerable.Range(1, 39).Max(i => Difference(joined[i - 1], joined[i]));
        Difference(Frame(39, 0), Frame(40, Step)).ShouldBeGreaterThan(1.5 * inside, "without a transition the joint would jump");
        for (int i = 40; i < 90; i++)
            Difference(joined[i - 1], joined[i]).ShouldBeLessThan(1.15 * inside, $"frame {i}");
        double[] brightness = [.. Enumerable.Range(39, 9).Select(i => joined[i].Average(value => value))];
        brightness.ShouldBeInOrder(SortDirection.Ascending);
    }

    [Theory]
    [InlineData(47, "has 47 frames, expected 48")]
    [InlineData(49, "has more than 48 frames")]
    public async Task A_file_of_another_length_is_refused(int frames, string reason)
    {
        var cut = await WriteAsync(new VideoPart(0, frames), 0) with { Part = new VideoPart(0, 48) };
        (await Should.ThrowAsync<MediaException>(() => ReadAsync([cut]))).Message.ShouldContain(reason);
    }

    [Fact]
    public async Task A_file_of_another_size_is_refused()
    {
        var part = await WriteAsync(new VideoPart(0, 5), 0);
        var reading = JoinedParts.FramesAsync([part], (Width, Height), MediaLimits.Default, CancellationToken.None);
        var refusal = await Should.ThrowAsync<MediaException>(async () => await reading.ToListAsync());
        refusal.Message.ShouldContain("is 64x48, expected 48x64");
    }

    private static async Task<List<byte[]>> ReadAsync(FinishedPart[] parts) =>
        await JoinedParts.FramesAsync(parts, (Height, Width), MediaLimits.Default, CancellationToken.None).ToListAsync();

    private async Task<FinishedPart> WriteAsync(VideoPart part, int brighter)
    {
        string path = Path.Combine(folder, $"part-{part.First}-{part.Count}.mp4");
        await using var writer = await VideoWriter.CreateAsync(new VideoWriterOptions(path, Width, Height) { Quality = 6 });
        for (int i = part.First; i < part.End; i++) await writer.WriteFrameAsync(Frame(i, brighter));
        await writer.CompleteAsync();
        return new FinishedPart(part, path);
    }

    /// <summary>Draws grey waves that move from frame to frame.</summary>
    private static byte[] Frame(int index, int brighter)
    {
        byte[] frame = new byte[3 * Width * Height];
        for (int i = 0; i < frame.Length; i++)
        {
            double phase = 2 * Math.PI * (i / 3 % Width / 32.0 + index / 20.0);
            frame[i] = (byte)Math.Round(100 + brighter + 40 * Math.Sin(phase));
        }
        return frame;
    }

    private static double Difference(byte[] one, byte[] other) => one.Zip(other, (a, b) => Math.Abs(a - b)).Average();
}
