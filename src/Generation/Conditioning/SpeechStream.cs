using Locutor.Media.Sound;
using Locutor.Networks.Wav2Vec2;
using static TorchSharp.torch;

namespace Locutor.Generation.Conditioning;

/// <summary>
/// The speech of audio that may still be arriving. For each clip, the encoder reads a window of audio that ends with the clip. So a clip
/// can start as soon as its own audio has arrived, and memory use does not depend on the length. The audio before the start counts as
/// silence. Source: <c>audio_encode_mode stream</c> of SoulX-FlashTalk.
/// </summary>
public sealed class SpeechStream : ISpeech
{
    /// <summary>Length of the window in video frames: 8 seconds.</summary>
    public const int WindowFrames = 8 * SpeechEmbedding.FramesPerSecond;

    private const int SamplesOfFrame = SpeechEmbedding.SampleRate / SpeechEmbedding.FramesPerSecond;

    private readonly ISampleSource source;
    private readonly Wav2Vec2Encoder encoder;
    private readonly Device device;
    private readonly float[] held; // the last samples read so far; silence before the start
    private long read;
    private int end;
    private bool ended;

    /// <summary>Creates the speech of an audio source.</summary>
    /// <param name="source">Mono audio at 16 kHz. It is read once, from its beginning; the caller disposes it.</param>
    /// <param name="encoder">The speech encoder.</param>
    /// <param name="device">The device of the encoder.</param>
    /// <param name="clipFrames">Number of frames in a clip; the window is never shorter.</param>
    public SpeechStream(ISampleSource source, Wav2Vec2Encoder encoder, Device device, int clipFrames)
    {
        (this.source, this.encoder, this.device) = (source, encoder, device);
        Frames = Math.Max(WindowFrames, clipFrames);
        held = new float[Frames * SamplesOfFrame];
    }

    /// <summary>Length of the window in video frames.</summary>
    public int Frames { get; }

    public async ValueTask<int> ReadAsync(int end, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(end, this.end);
        for (long missing = (long)end * SamplesOfFrame - (long)this.end * SamplesOfFrame; missing > 0;)
        {
            int part = (int)Math.Min(missing, held.Length);
            held.AsSpan(part).CopyTo(held);
            var fresh = held.AsMemory(held.Length - part);
            int filled = await FillAsync(fresh, cancellationToken).ConfigureAwait(false);
            fresh.Span[filled..].Clear(); // silence after the end
            read += filled;
            missing -= part;
        }

        this.end = end;
        return ended ? (int)Math.Min(end, (read + SamplesOfFrame - 1) / SamplesOfFrame) : end;
    }

    public Tensor Windows(int start, int frames, int window)
    {
        if (start + frames != end || frames > Frames)
        {
            throw new ArgumentException(
                $"expected a clip of at most {Frames} frames that ends at frame {end}, found {frames} frames from {start} on",
                nameof(frames));
        }

        using var still = no_grad();
        using var scope = NewDisposeScope();
        var sound = Loudness.Normalise(new Waveform(SpeechEmbedding.SampleRate, held));
        // [window's frames, blocks, width]
        var embedding = encoder.Forward(tensor(sound.Samples, ScalarType.Float32, device).unsqueeze(0), Frames).squeeze(0);
        long[] indices = [.. from frame in Enumerable.Range(Frames - frames, frames)
                             from offset in Enumerable.Range(-(window / 2), window)
                             select Math.Clamp((long)frame + offset, 0, Frames - 1)];
        return embedding.index_select(0, tensor(indices, device: device)).unflatten(0, [frames, window]).to(ScalarType.Float32)
            .MoveToOuterDisposeScope();
    }

    public void Dispose() { }

    private async ValueTask<int> FillAsync(Memory<float> samples, CancellationToken cancellationToken)
    {
        int filled = 0;
        while (filled < samples.Length && !ended)
        {
            int count = await source.ReadAsync(samples[filled..], cancellationToken).ConfigureAwait(false);
            ended = count == 0;
            filled += count;
        }

        return filled;
    }
}
