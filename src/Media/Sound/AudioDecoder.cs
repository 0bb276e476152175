using System.Globalization;
using System.Runtime.InteropServices;
using Locutor.Media.Processes;

namespace Locutor.Media.Sound;

/// <summary>Reads the first sound track of a file as mono: mean of the channels, then soxr at its HQ recipe (20 bits), as librosa loads.</summary>
public static class AudioDecoder
{
    /// <param name="path">Any sound or video with sound.</param>
    /// <param name="sampleRate">Wanted Hz.</param>
    /// <param name="limits">What the file may cost. Lengths are those decoded, not those that the header claims.</param>
    /// <param name="ct">Kills the decoder.</param>
    /// <exception cref="MediaException">No sound, 0 Hz, NaN or infinite samples, too short, too long, or damaged. Silence is valid.</exception>
    public static async Task<Waveform> DecodeAsync(string path, int sampleRate, MediaLimits limits, CancellationToken ct = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sampleRate, 1);
        var file = MediaFile.Open(path, limits);
        if (file.Container.IsPicture) throw file.Unsupported($"is a {file.Container.Name} picture, expected sound");
        var info = await MediaProbe.ProbeAsync(file, limits, ct).ConfigureAwait(false);
        var audio = info.Audio ?? throw file.Unsupported("has no sound");
        if (audio.SampleRate <= 0 || audio.Channels <= 0) throw file.Unsupported($"sound of {audio.SampleRate} Hz and {audio.Channels} channels");
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timer.CancelAfter(limits.DecodeTimeout);
        try
        {
            float[] samples = await ReadAsync(file, audio, sampleRate, limits, timer.Token).ConfigureAwait(false);
            Check(file, samples, sampleRate, limits);
            return new Waveform(sampleRate, samples);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && timer.IsCancellationRequested)
        {
            ct.ThrowIfCancellationRequested();
            throw file.TimedOut(limits.DecodeTimeout);
        }
    }

    private static async Task<float[]> ReadAsync(MediaFile file, MediaStream audio, int sampleRate, MediaLimits limits, CancellationToken ct)
    {
        string[] arguments =
        [
            "-nostdin", "-hide_banner", "-v", "error", .. file.InputArguments(), "-map", $"0:{audio.Index}", "-vn", "-sn", "-dn",
            "-af", Filter(audio.Channels, sampleRate), "-f", "f32le", "-c:a", "pcm_f32le", "pipe:1",
        ];
        await using var process = ToolProcess.Start(FfmpegTools.Find().Ffmpeg, arguments);
        using var kill = process.KillOn(ct);
        long most = (long)Math.Min(limits.MaxSeconds * sampleRate, Array.MaxLength / sizeof(float));
        using var bytes = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        while (await process.Output.ReadAsync(buffer, ct).ConfigureAwait(false) is var read and > 0)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length / sizeof(float) > most)
                throw file.TooLarge($"more than {limits.MaxSeconds:0.#} s of sound at {sampleRate} Hz");
        }
        int code = await process.WaitAsync(ct).ConfigureAwait(false);
        if (code != 0 || (bytes.Length == 0 && audio.Codec == "unknown"))
            throw file.Unsupported($"damaged sound ({process.Complaint(file.FullPath)})");
        return MemoryMarshal.Cast<byte, float>(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)).ToArray();
    }

    /// <summary>Everything in float, so that the mean neither rounds nor clips.</summary>
    private static string Filter(int channels, int sampleRate)
    {
        string share = (1.0 / channels).ToString("R", CultureInfo.InvariantCulture);
        string mean = string.Join('+', Enumerable.Range(0, channels).Select(c => $"{share}*c{c}"));
        return $"aformat=sample_fmts=fltp,pan=mono|c0={mean},aresample={sampleRate}:resampler=soxr:precision=20";
    }

    private static void Check(MediaFile file, float[] samples, int sampleRate, MediaLimits limits)
    {
        int odd = Array.FindIndex(samples, s => !float.IsFinite(s));
        if (odd >= 0) throw file.Unsupported($"sample {odd} of {samples.Length} is {samples[odd]}, expected a finite number");
        double seconds = (double)samples.Length / sampleRate;
        if (seconds < limits.MinAudioSeconds)
        {
            throw new MediaException(
                MediaErrorCodes.AudioTooShort, $"{file.Path}: {seconds:0.###} s of sound, expected at least {limits.MinAudioSeconds:0.###} s");
        }
    }
}
