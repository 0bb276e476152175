using System.Runtime.InteropServices;
using Locutor.Media.Sound;
using Locutor.Networks.Wav2Vec2;
using static TorchSharp.torch;

namespace Locutor.Generation.Conditioning;

/// <summary>
/// Computes speech embeddings for the video transformer: the outputs of the speech encoder's blocks, one row per video frame.
/// Reference: MeiGen-AI/InfiniteTalk, generate_infinitetalk.py, lines 283 and 323, at commit 0107cd9.
/// </summary>
public static class SpeechEmbedding
{
    public const int SampleRate = 16000;

    public const int FramesPerSecond = 25;

    /// <summary>
    /// Returns the number of video frames that cover the audio; rounded up, so nothing is cut and the last frame may be partly silent.
    /// </summary>
    public static int VideoFrames(StoredSound sound) => VideoFrames(sound.Samples, sound.SampleRate);

    /// <inheritdoc cref="VideoFrames(StoredSound)"/>
    public static int VideoFrames(Waveform sound) => VideoFrames(sound.Samples.LongLength, sound.SampleRate);

    /// <summary>Computes the embedding of a whole audio track.</summary>
    /// <param name="sound">Mono audio at 16 kHz; it is normalised to -23 LUFS.</param>
    /// <param name="encoder">The speech encoder.</param>
    /// <param name="device">The device of the encoder.</param>
    /// <param name="cancellationToken">Cancels between two pieces.</param>
    /// <returns>A track of floor(25 * seconds) frames, at least 1.</returns>
    public static SpeechTrack Compute(
        StoredSound sound, Wav2Vec2Encoder encoder, Device device, CancellationToken cancellationToken = default) =>
        Compute(sound, sound, encoder, device, cancellationToken);

    /// <summary>Computes the embedding of a part of an audio track.</summary>
    /// <param name="sound">The part, mono at 16 kHz.</param>
    /// <param name="whole">The whole track; it is normalised to -23 LUFS, so that all its parts have one level.</param>
    /// <inheritdoc cref="Compute(StoredSound, Wav2Vec2Encoder, Device, CancellationToken)"/>
    public static SpeechTrack Compute(
        StoredSound sound, StoredSound whole, Wav2Vec2Encoder encoder, Device device, CancellationToken cancellationToken)
    {
        long frames = Math.Max(1, sound.Samples * FramesPerSecond / sound.SampleRate);
        double gain = Loudness.Gain(Loudness.Measure(whole));
        int blocks = encoder.Config.Blocks;
        using var own = new SpeechTrack(frames, Wav2Vec2Encoder.OwnSlots, encoder.Config.Width);
        var track = new SpeechTrack(frames, blocks, encoder.Config.Width);
        try
        {
            encoder.ForwardTrack(
                sound.Samples, Read, frames, Write,
                (slot, start, count) => slot < blocks ? track.Read(slot, start, count) : own.Read(slot - blocks, start, count));
            return track;
        }
        catch
        {
            track.Dispose();
            throw;
        }

        void Write(int slot, long start, Tensor rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (slot < blocks) track.Write(slot, start, rows);
            else own.Write(slot - blocks, start, rows);
        }

        Tensor Read(long start, int count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var made = empty([count], ScalarType.Float32, CPU);
            // Samples are read into the tensor: an array for each piece would produce garbage of the size of the audio.
            var samples = MemoryMarshal.Cast<byte, float>(made.bytes);
            sound.Read(start, samples);
            foreach (ref float sample in samples) sample = (float)(sample * gain);
            return made.to(device);
        }
    }

    /// <summary>Computes the embedding of audio in memory.</summary>
    public static SpeechTrack Compute(Waveform sound, Wav2Vec2Encoder encoder, Device device)
    {
        using var stored = StoredSound.From(sound);
        return Compute(stored, encoder, device);
    }

    private static int VideoFrames(long samples, int rate) =>
        Math.Max(1, (int)Math.Ceiling(samples * (double)FramesPerSecond / rate - 1e-6));
}
