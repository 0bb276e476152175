using System.Globalization;
using Locutor.Media.Captions;
using Locutor.Media.Video;
using Locutor.Media.Video.Finishing;

namespace Locutor.Generation.Requests;

/// <summary>Settings of the output file, which is made from the generated ("drawn") video.</summary>
public sealed record OutputSettings
{
    /// <summary>Frame rate of drawn videos.</summary>
    public const int DrawnFramesPerSecond = 25;

    /// <summary>Format of the file; null for the format of its extension.</summary>
    public VideoFormat? Format { get; init; }

    /// <summary>Height in pixels; null for the drawn size.</summary>
    public int? Height { get; init; }

    /// <summary>Frame rate.</summary>
    public int FramesPerSecond { get; init; } = DrawnFramesPerSecond;

    /// <summary>True to compute added frames between drawn ones; false to repeat drawn ones.</summary>
    public bool Interpolate { get; init; }

    public CaptionPlacement Captions { get; init; }

    /// <summary>Extension of a file of captions that is written with the video: srt or vtt; null for none.</summary>
    public string? CaptionFile { get; init; }

    /// <summary>Returns the path of the separate file of captions of a video; null if none is written, as for standard output.</summary>
    /// <param name="video">Path of the video; empty if no file is written.</param>
    public string? CaptionPath(string video) => CaptionFile is { } extension && video.Length > 0 && video != VideoDestination.Standard
        ? Path.ChangeExtension(video, extension)
        : null;

    /// <summary>True if the file is encoded a second time, from the complete drawn video.</summary>
    public bool IsFinished => Height is not null || FramesPerSecond != DrawnFramesPerSecond || Captions != CaptionPlacement.None;

    /// <summary>Reads the settings of a request in which all defaults are filled in.</summary>
    internal static OutputSettings From(VideoRequest all)
    {
        string captions = all[VideoFields.Captions]!;
        return new OutputSettings
        {
            Format = all[VideoFields.Format] is { } name ? VideoFormat.All.Single(format => format.Extension == name) : null,
            Height = (int?)all[VideoFields.Height],
            FramesPerSecond = int.Parse(all[VideoFields.FramesPerSecond]!, CultureInfo.InvariantCulture),
            Interpolate = all[VideoFields.AddedFrames] == "interpolate",
            Captions = captions switch
            {
                "embedded" => CaptionPlacement.Embedded,
                "burnt" => CaptionPlacement.Burnt,
                _ => CaptionPlacement.None,
            },
            CaptionFile = captions is "srt" or "vtt" ? captions : null,
        };
    }

    /// <summary>Returns the options for the second encoding.</summary>
    public FinishOptions Finish(IReadOnlyList<Cue> cues) => new()
    {
        Format = Format,
        Height = Height,
        FramesPerSecond = FramesPerSecond == DrawnFramesPerSecond ? null : FramesPerSecond,
        Interpolate = Interpolate,
        Captions = Captions,
        Cues = cues,
    };
}
