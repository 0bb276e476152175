using System.IO.Pipes;
using System.Runtime.InteropServices;
using Locutor.Generation.Clips;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Loading;
using Locutor.Generation.Sampling;
using Locutor.Media;
using Locutor.Media.Pictures;
using Locutor.Media.Sound;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests.Conditioning;

/// <summary>Speech from sound that still comes.</summary>
[Trait("uses", "convolutions")]
public sealed class SpeechStreamTests : IDisposable
{
    private const int SamplesOfFrame = 640, ClipFrames = 33, Motion = 5, New = ClipFrames - Motion, Side = 32;

    private readonly long seed = TestSeed.Value;
    private readonly NetworkSet networks;

    public SpeechStreamTests() => networks = NetworkSet.Random(UntrainedBundle.Bundle, seed, new LoadingOptions(CPU, ScalarType.Float32));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => networks.Dispose();

    /// <summary>
    /// The computation of the public pipeline: loudness normalisation and encoder over 8 s of samples (silence before the start), then the
    /// last 33 frames, each with two neighbours on both sides within the window.
    /// </summary>
    [Fact]
    public async Task A_clip_depends_on_the_8_seconds_of_sound_that_end_with_it()
    {
        float[] samples = Samples(9 * 16000 + 123);
        using var sound = StoredSound.From(new Waveform(16000, samples));
        using var stream = new SpeechStream(new StoredSamples(sound), networks.Speech, CPU, ClipFrames);
        int clips = 0;
        for (int end = New; end < 9 * 25; end += New, clips++)
        {
            (await stream.ReadAsync(end, Stop)).ShouldBe(end);
            ShouldHearTheLast8Seconds(stream, samples, end);
        }

        clips.ShouldBe(8);
        (await stream.ReadAsync(10 * 25, Stop)).ShouldBe(9 * 25 + 1, "the last frame is partly silent");
    }

    private void ShouldHearTheLast8Seconds(SpeechStream stream, float[] samples, int end)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        float[] window = new float[8 * 16000];
        for (int i = 0; i < window.Length; i++)
            window[i] = end * SamplesOfFrame - window.Length + i is >= 0 and var place && place < samples.Length ? samples[place] : 0;
        var embedding = networks.Speech.Forward(tensor(Loudness.Normalise(new Waveform(16000, window)).Samples).unsqueeze(0), 200)
            .squeeze(0);
        var found = stream.Windows(end - ClipFrames, ClipFrames, 5);
        for (int frame = 0; frame < ClipFrames; frame++)
        {
            for (int near = -2; near <= 2; near++)
            {
                found[frame, near + 2].allclose(embedding[Math.Min(199, 200 - ClipFrames + frame + near)], 1e-5, 1e-6)
                    .ShouldBeTrue($"seed {seed}, end {end}, frame {frame}, {near}");
            }
        }
    }

    /// <summary>
    /// The writer sends the sound of a chunk only after it has received the frames of the chunk before. It gets all frames, so no frame
    /// waits for later sound.
    /// </summary>
    [Fact]
    public async Task Frames_of_a_chunk_arrive_before_later_sound_is_sent()
    {
        const int Chunks = 3, Rest = 10 * SamplesOfFrame; // and 10 frames of a fourth
        float[] samples = Samples(Chunks * New * SamplesOfFrame + Rest);
        using var writer = new AnonymousPipeServerStream(PipeDirection.Out);
        using var reader = new AnonymousPipeClientStream(PipeDirection.In, writer.ClientSafePipeHandle);
        var live = GenerateAsync(new PcmSamples(reader, "pipe"), ClipPlan.Open).GetAsyncEnumerator(Stop);
        var got = new List<byte[]>();
        for (int chunk = 0; chunk < Chunks; chunk++)
        {
            var sent = writer.WriteAsync(Bytes(samples.AsSpan(chunk * New * SamplesOfFrame, New * SamplesOfFrame)), Stop);
            (await live.MoveNextAsync()).ShouldBeTrue();
            await sent;
            live.Current.Count.ShouldBe(New);
            got.AddRange(live.Current);
        }

        await writer.WriteAsync(Bytes(samples.AsSpan(Chunks * New * SamplesOfFrame)), Stop);
        writer.Dispose();
        while (await live.MoveNextAsync()) got.AddRange(live.Current);
        got.Count.ShouldBe(Chunks * New + 10);

        using var sound = StoredSound.From(new Waveform(16000, samples)); // the same sound from a file of known length
        var expected = new List<byte[]>();
        await foreach (var frames in GenerateAsync(new StoredSamples(sound), Chunks * New + 10)) expected.AddRange(frames);
        expected.Count.ShouldBe(got.Count);
        for (int i = 0; i < got.Count; i++) got[i].ShouldBe(expected[i], $"seed {seed}, frame {i}");
    }

    [Theory]
    [InlineData(6, "breaks off inside a sample, after 1 samples")]
    [InlineData(-1, "has a sample that is NaN")]
    public async Task A_pipe_with_other_bytes_than_samples_is_refused(int bytes, string why)
    {
        using var stream = new MemoryStream(bytes < 0 ? BitConverter.GetBytes(float.NaN) : new byte[bytes]);
        var source = new PcmSamples(stream, "pipe");
        (await Should.ThrowAsync<MediaException>(async () =>
        {
            while (await source.ReadAsync(new float[10], Stop) > 0) { }
        })).Message.ShouldContain(why);
    }

    private async IAsyncEnumerable<List<byte[]>> GenerateAsync(ISampleSource source, int frames)
    {
        using var speech = new SpeechStream(source, networks.Speech, CPU, ClipFrames);
        using var text = networks.EmbedText("a person is talking");
        byte[] pixels = new byte[3 * Side * Side];
        new Random((int)seed).NextBytes(pixels);
        var picture = new Picture(Side, Side, pixels);
        var options = new GenerationOptions(
            Side, Side, new ClipPlan(frames, ClipFrames, Motion, Motion), 2, 5, new GuidanceOptions(1, 1))
        { FewSteps = true };
        var generator = new TalkingVideoGenerator(networks.Transformer, networks.Autoencoder, networks.Image, CPU);
        await foreach (var clip in
                generator.GenerateAsync(
                    new GenerationInputs(text, null, [speech], (_, _) => ValueTask.FromResult(picture)), options, new SeededNoise(seed),
                    cancellationToken: Stop))
        {
            using (clip) yield return [.. clip.Frames()];
        }
    }

    private float[] Samples(int count)
    {
        var random = new Random((int)seed);
        return [.. Enumerable.Range(0, count).Select(i => (float)((random.NextDouble() - 0.5) * Math.Sin(i * 0.0007)))];
    }

    private static byte[] Bytes(ReadOnlySpan<float> samples) => MemoryMarshal.AsBytes(samples).ToArray();
}
