using Locutor.Media.Sound;
using Locutor.Networks.Wav2Vec2;
using static TorchSharp.torch;

namespace Locutor.Generation.Conditioning;

/// <summary>Sound as the video transformer hears it: the outputs of the speech encoder's blocks, one row for a video frame.</summary>
public static class SpeechEmbedding
{
    public const int SampleRate = 16000;

    public const int FramesPerSecond = 25;

    /// <summary>Frames of a video that is as long as the sound: the last one may be partly silent, none is cut.</summary>
    public static int VideoFrames(Waveform sound) => Math.Max(1, (int)Math.Ceiling(sound.Samples.LongLength * (double)FramesPerSecond / sound.SampleRate - 1e-6));

    /// <param name="sound">Mono, 16 kHz; brought to -23 LUFS here.</param>
    /// <returns>[floor(25 seconds), at least 1; blocks; channels], float32.</returns>
    public static Tensor Of(Waveform sound, Wav2Vec2Encoder encoder, Device device)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        long frames = Math.Max(1, sound.Samples.LongLength * FramesPerSecond / sound.SampleRate);
        var wave = tensor(Loudness.Normalise(sound).Samples, device: device).unsqueeze(0);
        return encoder.Forward(Wav2Vec2Encoder.Normalise(wave), frames).squeeze(0).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }
}
