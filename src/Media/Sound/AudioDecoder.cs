using System.Runtime.InteropServices;
using Locutor.Media.Files;
using Locutor.Media.Pcm;
using Locutor.Media.Probing;
using Locutor.Media.Processes;

namespace Locutor.Media.Sound;

/// <summary>A decoded voice. The caller disposes the sound.</summary>
/// <param name="Sound">Mono audio.</param>
/// <param name="Note">Message for the user if the sound is silent or its channels were mixed in an unexpected way; otherwise null.</param>
public sealed record Recording(StoredSound Sound, string? Note);

/// <summary>
/// Decodes the first audio track of a file as mono. The channels are mixed by <see cref="ChannelMix"/> and resampled by soxr in its HQ
/// quality (20 bits), as librosa does.
/// </summary>
public static class AudioDecoder
{
    private const int PieceBytes = 1 << 16;

    /// <summary>Peak amplitude below which a sound counts as silent: 60 dB below full scale.</summary>
    private const float Inaudible = 0.001f;

    /// <summary>Decodes audio that fits into memory.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public static async Task<Waveform> DecodeAsync(
        string path, int sampleRate, MediaLimits limits, CancellationToken cancellationToken = default)
    {
        using var sound = (await ReadAsync(path, sampleRate, limits, cancellationToken).ConfigureAwait(false)).Sound;
        return sound.ToWaveform();
    }

    /// <summary>Decodes audio in pieces to a temporary file, so that memory use does not depend on its length.</summary>
    /// <param name="path">Path of an audio file, or of a video with audio.</param>
    /// <param name="sampleRate">Requested sample rate in Hz.</param>
    /// <param name="limits">Limits of the file; the decoded duration counts, not that in the header.</param>
    /// <param name="cancellationToken">Cancels and kills the decoder.</param>
    /// <exception cref="MediaException">The file has no audio, a rate of 0 Hz, NaN or infinite samples, is too short, too long or damaged.
    /// Silence is valid.</exception>
    public static async Task<Recording> ReadAsync(
        string path, int sampleRate, MediaLimits limits, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sampleRate, 1);
        var file = MediaFile.Open(path, limits);
        if (file.Container.IsPicture) throw file.Unsupported($"is a {file.Container.Name} picture, expected sound");
        var info = await MediaProbe.ProbeAsync(file, limits, cancellationToken).ConfigureAwait(false);
        var audio = info.Audio ?? throw file.Unsupported("has no sound");
        if (audio.SampleRate <= 0 || audio.Channels <= 0)
            throw file.Unsupported($"sound of {audio.SampleRate} Hz and {audio.Channels} channels");
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(limits.DecodeTimeout);
        try
        {
            var mix = await ChannelMix.FindAsync(file, audio, limits, timer.Token).ConfigureAwait(false);
            var sound = await StoreAsync(file, audio, info.Duration, mix, sampleRate, limits, timer.Token).ConfigureAwait(false);
            return new Recording(sound, sound.Peak < Inaudible ? $"{file.Path}: it is silent, so the mouth stays at rest" : mix.Note);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && timer.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw file.TimedOut(limits.DecodeTimeout);
        }
    }

    private static async Task<StoredSound> StoreAsync(
        MediaFile file, MediaStream audio, double? promised, ChannelMix mix, int sampleRate, MediaLimits limits,
        CancellationToken cancellationToken)
    {
        var sound = new StoredSound(sampleRate);
        try
        {
            if (PlainWav.Find(file) is { Format.Channels: 1 } wav && wav.Format.SampleRate == sampleRate)
                await CopyAsync(file, wav, sound, limits, cancellationToken).ConfigureAwait(false);
            else await DecodeAsync(file, audio, mix, sound, limits, cancellationToken).ConfigureAwait(false);
            // The header of a FLAC has the number of samples; only decoding finds how many there are.
            if (file.Container == MediaContainer.Flac && promised is { } seconds)
                PromisedSound.CheckSeconds(file, sound.Seconds, seconds);
            if (sound.Seconds < limits.MinAudioSeconds)
            {
                throw new MediaException(
                    MediaErrorCodes.AudioTooShort,
                    $"{file.Path}: {sound.Seconds:0.###} s of sound, expected at least {limits.MinAudioSeconds:0.###} s");
            }
            return sound;
        }
        catch
        {
            sound.Dispose();
            throw;
        }
    }

    private static async Task DecodeAsync(
        MediaFile file, MediaStream audio, ChannelMix mix, StoredSound sound, MediaLimits limits, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "-nostdin", "-hide_banner", "-v", "error", .. file.InputArguments(), "-map", $"0:{audio.Index}", "-vn", "-sn", "-dn",
            // All steps use float, so that the mix neither rounds nor clips.
            "-af", $"aformat=sample_fmts=fltp,{mix.Voice()},aresample={sound.SampleRate}:resampler=soxr:precision=20", "-f", "f32le",
            "-c:a", "pcm_f32le", "pipe:1",
        ];
        var process = ToolProcess.Start(FfmpegTools.Find().Ffmpeg, arguments);
        await using var disposal = process.ConfigureAwait(false);
        using var kill = process.KillOn(cancellationToken);
        byte[] buffer = new byte[PieceBytes];
        while (await process.Output.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken)
            .ConfigureAwait(false) is var read and > 0)
        {
            Append(file, sound, MemoryMarshal.Cast<byte, float>(buffer.AsSpan(0, read)), limits);
        }
        int code = await process.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (code != 0 || (sound.Samples == 0 && audio.Codec == "unknown"))
            throw file.Damaged(process.Complaint(file.FullPath));
    }

    private static async Task CopyAsync(
        MediaFile file, PlainWav wav, StoredSound sound, MediaLimits limits, CancellationToken cancellationToken)
    {
        if (!await wav.ReadAsync(file, samples => Append(file, sound, samples, limits), cancellationToken).ConfigureAwait(false))
        {
            throw file.Unsupported(
                $"the sound ends after {sound.Seconds:0.###} s, and its header promises {wav.Describe().Duration:0.###} s");
        }
    }

    private static void Append(MediaFile file, StoredSound sound, ReadOnlySpan<float> samples, MediaLimits limits)
    {
        for (int i = 0; i < samples.Length; i++)
        {
            if (SampleRange.Expected(samples[i]) is { } expected)
                throw file.Unsupported($"sample {sound.Samples + i} is {samples[i]}, expected {expected}");
        }
        sound.Append(samples);
        if (sound.Seconds > limits.MaxSeconds)
            throw file.TooLarge($"more than {limits.MaxSeconds:0.#} s of sound at {sound.SampleRate} Hz");
    }
}
