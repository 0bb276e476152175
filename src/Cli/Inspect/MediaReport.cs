using System.Globalization;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Loading;
using Locutor.Media;
using Locutor.Media.Pictures.Decoding;
using Locutor.Media.Probing;
using Locutor.Media.Video;

namespace Locutor.Cli.Inspect;

/// <summary>
/// Describes a picture, a sound or a video: the label of a video of this program, and how a model would crop a picture.
/// </summary>
/// <param name="output">The target of the lines.</param>
internal sealed class MediaReport(TextWriter output)
{
    /// <summary>Whether the name of a file has the extension of a picture, a sound or a video.</summary>
    public static bool IsMedia(string path) =>
        File.Exists(path) && Enum.GetValues<MediaKind>().Any(kind => MediaContainer.IsNamedLike(kind, path));

    /// <summary>Writes the description.</summary>
    /// <param name="path">The file.</param>
    /// <param name="modelName">The model that would use a picture; null for the default model.</param>
    /// <param name="store">The folder of model files; null for the default folder.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public async Task WriteAsync(string path, string? modelName, string? store, CancellationToken cancellationToken)
    {
        var info = await MediaProbe.ProbeAsync(path, MediaLimits.Default, cancellationToken);
        string length = info.Duration is { } seconds ? string.Create(CultureInfo.InvariantCulture, $", {seconds:0.00} s") : "";
        Line("file", $"{info.Kind.ToString().ToLowerInvariant()}, {info.Container.Name}{length}");
        foreach (var stream in info.Streams.Where(_ => info.Kind != MediaKind.Picture)) Line("stream", Describe(stream));
        if (info.Kind == MediaKind.Video) WriteOrigin(path, info.Container);
        if (info.Kind == MediaKind.Picture) await WriteUseAsync(path, modelName, store, cancellationToken);
    }

    private static string Describe(MediaStream stream) => stream.Kind switch
    {
        MediaStreamKind.Video => string.Create(
            CultureInfo.InvariantCulture,
            $"video, {stream.Codec}, {stream.DisplayWidth}x{stream.DisplayHeight}, {stream.FramesPerSecond ?? 0:0.##} frames per second"),
        MediaStreamKind.Audio =>
            $"sound, {stream.Codec}, {stream.SampleRate} Hz, {stream.Channels} channel{(stream.Channels == 1 ? "" : "s")}",
        _ => $"other, {stream.Codec}",
    };

    private void WriteOrigin(string path, MediaContainer container)
    {
        if (container != MediaContainer.Mp4)
        {
            Line("origin", "a label is read from mp4 and mov files only");
            return;
        }

        if (SyntheticMediaLabel.Read(path) is not { } label)
        {
            Line("origin", "no label of synthetic media");
        }
        else
        {
            Line("origin", $"synthetic, made by {(label.Program.Length > 0 ? label.Program : "an unknown program")}");
            if (label.Model.Length > 0)
            {
                Line("model", label.Model);
                Line("seed", label.Seed.ToString(CultureInfo.InvariantCulture));
                Line("prompt", "not kept in the file");
            }
        }

        Line("credentials", SyntheticMediaLabel.HasContentCredentials(path)
            ? "Content Credentials (C2PA) are present; this program does not verify them"
            : "none");
    }

    private async Task WriteUseAsync(string path, string? modelName, string? store, CancellationToken cancellationToken)
    {
        var picture = await PictureDecoder.DecodeAsync(path, MediaLimits.Default, cancellationToken);
        var model = ModelFinder.Find(modelName, store);
        var bundle = model.Bundle;
        Line("picture", $"{picture.Width}x{picture.Height} pixels, upright");
        var (_, (height, width)) = FacePlaces.Sizes(
            bundle.Sizes[bundle.DefaultSize], bundle.Composition, (picture.Height, picture.Width));
        Line("video", $"{bundle.Name} makes {width}x{height} of it");
        if (SourcePictures.CropNote("the picture", picture, height, width) is { Length: > 0 } crop) Line("crop", crop);
        var report = PictureCheck.Check(model, picture);
        if (bundle.Composition is not null)
        {
            Line("face", report.Face is { } face
                ? $"found, in a square of {face.Right - face.Left} pixels at {face.Left},{face.Top}"
                : "none that resembles the painted portraits of the training; the middle of the picture is used");
        }

        if (report.Notice is { } notice) Line("note", notice);
    }

    private void Line(string name, string text) => output.WriteLine($"{name,-12}{text}");
}
