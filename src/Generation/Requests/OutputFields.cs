using Locutor.Media.Video;

namespace Locutor.Generation.Requests;

/// <summary>The definitions of the fields that concern the file of the video; <see cref="VideoFields"/> lists them.</summary>
internal static class OutputFields
{
    public static ChoiceField Format() => new(
        "format", "Format of the file.", static _ => [.. VideoFormat.All.Select(format => format.Extension)])
    {
        Group = FieldGroup.Output,
        ValueName = "NAME",
        DefaultText = "that of the file's name, else mp4",
    };

    public static WholeField Height() => new(
        "height", "Height of the video in pixels, scaled with lanczos; the width follows.", 64, 2160)
    {
        Step = 2,
        Group = FieldGroup.Output,
        ValueName = "N",
        DefaultText = "as it is drawn",
    };

    public static ChoiceField FramesPerSecond() => new(
        "fps", "Frames a second. The model draws 25; the others are made of these.", static _ => ["25", "30", "50"])
    {
        Fits = static _ => true, // numbers too
        Group = FieldGroup.Output,
        ValueName = "N",
        Default = static _ => "25",
        DefaultText = "25",
    };

    public static ChoiceField AddedFrames() => new(
        "added_frames",
        "Method for frames above 25 per second: repeat shows a frame again, interpolate computes frames between two (ffmpeg's " +
        "minterpolate, which is slow and may smear fast movement).",
        static _ => ["repeat", "interpolate"])
    { Group = FieldGroup.Output, ValueName = "NAME", Default = static _ => "repeat", DefaultText = "repeat" };

    public static ChoiceField Captions() => new(
        "captions",
        "Captions of the text or transcript: srt or vtt is a file of the video's name, embedded is a track that players turn on " +
        "and off, burnt is in the pictures.",
        static _ => ["off", "srt", "vtt", "embedded", "burnt"])
    { Group = FieldGroup.Output, ValueName = "NAME", Default = static _ => "off", DefaultText = "off" };

    public static ScriptField Transcript() => new(
        "transcript",
        "The words of the sound, for captions. They are placed by the lengths of the sentences and the silences between them.")
    { Group = FieldGroup.Output };
}
