using System.Globalization;
using Locutor.Media.Processes;

namespace Locutor.Media.Video.Segments;

/// <summary>
/// The whole audio of a video as AAC in a file. Segments and the finished video copy its packets. An encoder that starts anew for each
/// segment would leave gaps between segments.
/// </summary>
internal sealed class EncodedSound
{
    private const int PacketSamples = 1024;

    private readonly string path;
    private readonly int rate;
    private readonly int framesPerSecond;
    private readonly int frames;

    private EncodedSound(string path, int rate, int framesPerSecond, int frames) =>
        (this.path, this.rate, this.framesPerSecond, this.frames) = (path, rate, framesPerSecond, frames);

    /// <summary>Encodes the audio, cut or padded to the length of the video.</summary>
    /// <param name="options">The options of the video, with audio.</param>
    /// <param name="frames">Number of frames of the video.</param>
    /// <param name="path">Path of the file to write.</param>
    /// <param name="cancellationToken">Kills the encoder.</param>
    public static async Task<EncodedSound> CreateAsync(
        VideoWriterOptions options, int frames, string path, CancellationToken cancellationToken)
    {
        var sound = await options.Sound!.OpenAsync(options.Limits, cancellationToken).ConfigureAwait(false);
        await using var disposalSound = sound.ConfigureAwait(false);
        int rate = Soundtrack.AacRate(sound.SampleRate);
        string[] arguments =
        [
            "-hide_banner", "-v", "error", "-xerror", "-protocol_whitelist", "file,pipe",
            "-f", "f32le", "-ar", $"{sound.SampleRate}", "-ac", $"{sound.Channels}", "-i", "pipe:0",
            .. EncoderArguments.Aac(rate, sound.Channels), "-f", "mp4", "-y", "file:" + path,
        ];
        var encoder = ToolProcess.Start(FfmpegTools.Find().Ffmpeg, arguments, takesInput: true);
        await using var disposal = encoder.ConfigureAwait(false);
        using var kill = encoder.KillOn(cancellationToken);
        try
        {
            long samples = (long)frames * sound.SampleRate / options.FramesPerSecond;
            await WriteAsync(sound, encoder.Input, samples, cancellationToken).ConfigureAwait(false);
            encoder.Input.Close();
        }
        catch (IOException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await encoder.WaitAsync(cancellationToken).ConfigureAwait(false);
            throw Failed(encoder, options.Path, e);
        }
        if (await encoder.WaitAsync(cancellationToken).ConfigureAwait(false) != 0 || encoder.FailedToWrite)
            throw Failed(encoder, options.Path);
        return new EncodedSound(path, rate, options.FramesPerSecond, frames);
    }

    /// <summary>The ffmpeg arguments for the whole audio as an input.</summary>
    public string[] Whole => ["-f", "mov", "-i", "file:" + path];

    /// <summary>
    /// Returns the ffmpeg arguments for the packets that belong to some frames as an input. Every packet belongs to one segment only; with
    /// <c>-copyts</c> the packets keep their times.
    /// </summary>
    public string[] Part(int firstFrame, int count)
    {
        // ffmpeg starts at the last packet that does not begin after the given time, and ends before the first that begins after it. Times
        // between two packets are unambiguous.
        int last = firstFrame + count;
        string[] end = last >= frames ? [] : ["-to", Seconds(Packet(last) - 0.5)];
        return ["-ss", Seconds(Packet(firstFrame) + 0.25), .. end, .. Whole];
    }

    /// <summary>Number of the first packet that begins in a frame or after its start.</summary>
    private long Packet(int frame) =>
        ((long)frame * rate + (long)framesPerSecond * PacketSamples - 1) / ((long)framesPerSecond * PacketSamples);

    private string Seconds(double packet) => (packet * PacketSamples / rate).ToString("0.000000", CultureInfo.InvariantCulture);

    private static async Task WriteAsync(SoundSource sound, Stream input, long samples, CancellationToken cancellationToken)
    {
        byte[] second = new byte[sound.SampleRate * sound.Channels * sizeof(float)];
        for (long left = samples * sound.Channels * sizeof(float); left > 0; left -= second.Length)
        {
            var part = second.AsMemory(0, (int)Math.Min(left, second.Length));
            await sound.ReadAsync(part, cancellationToken).ConfigureAwait(false);
            await input.WriteAsync(part, cancellationToken).ConfigureAwait(false);
        }
    }

    private static MediaException Failed(ToolProcess encoder, string output, Exception? inner = null) =>
        new(MediaErrorCodes.OutputFailed, $"{output}: the sound cannot be encoded ({encoder.Complaint(output)})", inner);
}
