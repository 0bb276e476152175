using System.Collections.Immutable;
using System.Diagnostics;
using Locutor.Generation.Parts;
using Locutor.Media;
using Locutor.Media.Video;
using Locutor.Media.Video.Segments;

namespace Locutor.Generation.Tests.Parts;

public sealed class PartJoinerTests : IDisposable
{
    private const int Width = 64, Height = 48, Step = 25;
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-joined-").FullName;
    private ImmutableList<VideoSegment> segments = []; // replaced by the joiner while a test looks

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Frames_keep_the_encoding_of_their_workers_and_joints_have_no_jump()
    {
        // The second part is brighter by far more than two neighbouring frames differ.
        FinishedPart[] parts =
        [
            await WriteAsync(new VideoPart(0, 368), 0), await WriteAsync(new VideoPart(360, 78), Step),
            await WriteAsync(new VideoPart(430, 20), Step),
        ];
        var (joined, encoded) = await JoinAsync(parts);
        encoded.ShouldBe(2 * PartPlan.SharedFrames);
        joined.Length.ShouldBe(450);
        byte[][] first = await DecodeAsync(parts[0].Path), second = await DecodeAsync(parts[1].Path);
        byte[][] third = await DecodeAsync(parts[2].Path);
        for (int i = 0; i < 450; i++)
        {
            if (i < 360) ShouldEqual(joined[i], first[i], i);
            if (i is >= 368 and < 430) ShouldEqual(joined[i], second[i - 360], i);
            if (i >= 438) ShouldEqual(joined[i], third[i - 430], i);
        }
        CheckJoint(joined, 360);
        segments.Sum(segment => segment.Frames).ShouldBe(450);
        segments.ShouldAllBe(segment => segment.Frames <= PartJoiner.LongestSegment);
        segments.Select(segment => segment.Header).ShouldAllBe(header => header.SequenceEqual(segments[0].Header));
        string live = Path.Combine(folder, "live.mp4");
        await File.WriteAllBytesAsync(live, [.. segments[0].Header, .. segments.SelectMany(segment => segment.Media)], Ct);
        byte[][] shown = await DecodeAsync(live);
        shown.Length.ShouldBe(joined.Length);
        for (int i = 0; i < shown.Length; i++) ShouldEqual(shown[i], joined[i], i);
    }

    [Fact]
    public async Task A_part_is_joined_while_its_file_grows_and_the_next_one_as_soon_as_it_is_finished()
    {
        var second = await WriteAsync(new VideoPart(310, 60), Step);
        var (part, boundary) = (new VideoPart(0, 318), 310 + second.Part.CutFrames[1]);
        string path = Path.Combine(folder, "growing.mp4");
        var (first, last) = (new TaskCompletionSource<FinishedPart>(), new TaskCompletionSource<FinishedPart>());
        var options = new VideoWriterOptions(path, Width, Height) { Quality = 6, CutFrames = part.CutFrames };
        await using var growing = await VideoWriter.CreateAsync(options, Ct);
        PartInWork[] parts = [new(part, first.Task) { Growing = () => growing.PartialPath }, new(second.Part, last.Task)];
        using var joiner = new PartJoiner(parts, (Height, Width), MediaLimits.Default)
        { Boundary = boundary };
        var joining = JoinAsync(joiner, second.Part.End);
        for (int i = 0; i < 200; i++) await growing.WriteFrameAsync(Frame(i, 0), Ct);
        await PublishedAsync(50, joining);
        first.Task.IsCompleted.ShouldBeFalse("the first part is not finished");
        for (int i = 200; i < part.End; i++) await growing.WriteFrameAsync(Frame(i, 0), Ct);
        await growing.CompleteAsync(Ct);
        first.SetResult(new FinishedPart(part, path));
        await PublishedAsync(310, joining);
        segments.Sum(segment => segment.Frames).ShouldBe(310, "the transition needs the second part");
        last.SetResult(second);
        byte[][] joined = await joining, before = await DecodeAsync(path), after = await DecodeAsync(second.Path);
        joined.Length.ShouldBe(370);
        for (int i = 0; i < 310; i++) ShouldEqual(joined[i], before[i], i);
        for (int i = 318; i < 370; i++) ShouldEqual(joined[i], after[i - 310], i);
        joiner.FramesEncoded.ShouldBe(PartPlan.SharedFrames);
        segments.ShouldContain(segment => segment.FirstFrame == boundary);
        CheckJoint(joined, 310);
    }

    /// <summary>Waits until so many frames are published.</summary>
    private async Task PublishedAsync(int frames, Task joining)
    {
        while (segments.Sum(segment => segment.Frames) < frames)
        {
            if (joining.IsCompleted) await joining;
            joining.IsCompleted.ShouldBeFalse($"it ended before {frames} frames");
            await Task.Delay(20, Ct);
        }
    }

    /// <summary>A worker with another encoder, or one that wrote a file without pieces.</summary>
    [Theory]
    [InlineData(30, true)]
    [InlineData(6, false)]
    public async Task A_part_of_another_encoder_is_encoded_again(int quality, bool pieces)
    {
        FinishedPart[] parts =
            [await WriteAsync(new VideoPart(0, 48), 0), await WriteAsync(new VideoPart(40, 40), Step, quality, pieces)];
        var (joined, encoded) = await JoinAsync(parts);
        encoded.ShouldBe(40);
        joined.Length.ShouldBe(80);
        byte[][] first = await DecodeAsync(parts[0].Path);
        for (int i = 0; i < 40; i++) ShouldEqual(joined[i], first[i], i);
        byte[][] second = await DecodeAsync(parts[1].Path);
        for (int i = 48; i < 80; i++) Difference(joined[i], second[i - 40]).ShouldBeLessThan(2, $"frame {i}");
        CheckJoint(joined, 40);
    }

    [Fact]
    public async Task A_part_of_another_encoder_keeps_all_frames_also_where_it_is_longer_than_a_segment()
    {
        int frames = PartJoiner.LongestSegment + 30;
        var part = await WriteAsync(new VideoPart(0, frames), 0, quality: 30);
        var (joined, encoded) = await JoinAsync([part]);
        encoded.ShouldBe(frames);
        byte[][] decoded = await DecodeAsync(part.Path);
        joined.Length.ShouldBe(frames);
        for (int i = 0; i < frames; i++) Difference(joined[i], decoded[i]).ShouldBeLessThan(2, $"frame {i}");
    }

    [Theory]
    [InlineData(47, true, "has 47 frames, expected 48")]
    [InlineData(49, true, "has 49 frames, expected 48")]
    [InlineData(47, false, "has 47 frames, expected 48")]
    [InlineData(49, false, "has more than 48 frames")]
    public async Task A_file_of_another_length_is_refused(int frames, bool pieces, string reason)
    {
        var cut = await WriteAsync(new VideoPart(0, frames), 0, pieces: pieces) with { Part = new VideoPart(0, 48) };
        (await Should.ThrowAsync<MediaException>(() => JoinAsync([cut]))).Message.ShouldContain(reason);
    }

    [Fact]
    public async Task A_damaged_file_is_refused()
    {
        var part = await WriteAsync(new VideoPart(0, 48), 0);
        byte[] bytes = await File.ReadAllBytesAsync(part.Path, Ct);
        await File.WriteAllBytesAsync(part.Path, bytes[..(bytes.Length - 500)], Ct);
        await Should.ThrowAsync<MediaException>(() => JoinAsync([part]));
    }

    [Fact]
    public async Task A_file_of_another_size_is_refused()
    {
        var part = await WriteAsync(new VideoPart(0, 5), 0);
        var refusal = await Should.ThrowAsync<MediaException>(() => JoinAsync([part], (Width, Height)));
        refusal.Message.ShouldContain("is 64x48, expected 48x64");
    }

    /// <summary>Joins parts and decodes the video.</summary>
    private async Task<(byte[][] Frames, int Encoded)> JoinAsync(FinishedPart[] parts, (int Height, int Width)? size = null)
    {
        using var joiner = new PartJoiner(
            [.. parts.Select(part => new PartInWork(part.Part, Task.FromResult(part)))], size ?? (Height, Width), MediaLimits.Default);
        return (await JoinAsync(joiner, parts[^1].Part.End, size), joiner.FramesEncoded);
    }

    private async Task<byte[][]> JoinAsync(PartJoiner joiner, int frames, (int Height, int Width)? size = null)
    {
        var (height, width) = size ?? (Height, Width);
        string path = Path.Combine(folder, "joined.mp4");
        var options = new VideoWriterOptions(path, width, height) { Quality = 6 };
        await using var writer = await SegmentedVideoWriter.CreateAsync(options, frames, PartJoiner.LongestSegment, KeepAsync);
        await joiner.WriteAsync(writer, _ => { }, Ct);
        await writer.CompleteAsync();
        return await DecodeAsync(path);

        Task KeepAsync(VideoSegment segment, CancellationToken cancellationToken)
        {
            segments = segments.Add(segment);
            return Task.CompletedTask;
        }
    }

    /// <summary>Checks that eight frames change gradually from one part to the next.</summary>
    private static void CheckJoint(byte[][] joined, int at)
    {
        double inside = Enumerable.Range(1, at - 1).Max(i => Difference(joined[i - 1], joined[i]));
        Difference(Frame(at - 1, 0), Frame(at, Step)).ShouldBeGreaterThan(1.5 * inside, "without a transition the joint would jump");
        for (int i = at; i < at + 9; i++) Difference(joined[i - 1], joined[i]).ShouldBeLessThan(1.15 * inside, $"frame {i}");
        double[] brightness = [.. Enumerable.Range(at - 1, 9).Select(i => joined[i].Average(value => value))];
        brightness.ShouldBeInOrder(SortDirection.Ascending);
    }

    private async Task<FinishedPart> WriteAsync(VideoPart part, int brighter, int quality = 6, bool pieces = true)
    {
        string path = Path.Combine(folder, $"part-{part.First}-{part.Count}.mp4");
        var options = new VideoWriterOptions(path, Width, Height) { Quality = quality, CutFrames = pieces ? part.CutFrames : [] };
        await using var writer = await VideoWriter.CreateAsync(options);
        for (int i = part.First; i < part.End; i++) await writer.WriteFrameAsync(Frame(i, brighter));
        await writer.CompleteAsync();
        return new FinishedPart(part, path);
    }

    private static async Task<byte[][]> DecodeAsync(string path)
    {
        using var process = Process.Start(
            new ProcessStartInfo("ffmpeg", ["-v", "error", "-xerror", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
            { RedirectStandardOutput = true })!;
        using var all = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(all);
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0);
        return [.. all.ToArray().Chunk(3 * Width * Height)];
    }

    /// <summary>Draws grey waves that move from frame to frame.</summary>
    private static byte[] Frame(int index, int brighter)
    {
        byte[] frame = new byte[3 * Width * Height];
        var row = frame.AsSpan(0, 3 * Width);
        for (int x = 0; x < Width; x++)
        {
            double phase = 2 * Math.PI * (x / 32.0 + index / 20.0);
            row.Slice(3 * x, 3).Fill((byte)Math.Round(100 + brighter + 40 * Math.Sin(phase)));
        }
        for (int y = 1; y < Height; y++) row.CopyTo(frame.AsSpan(3 * Width * y));
        return frame;
    }

    private static void ShouldEqual(byte[] found, byte[] expected, int frame) =>
        found.AsSpan().SequenceEqual(expected).ShouldBeTrue($"frame {frame}");

    private static double Difference(byte[] one, byte[] other)
    {
        other.Length.ShouldBe(one.Length);
        int sum = 0;
        for (int i = 0; i < one.Length; i++) sum += Math.Abs(one[i] - other[i]);
        return (double)sum / one.Length;
    }
}
