using Locutor.Generation.Sampling;

namespace Locutor.Generation.Requests;

/// <summary>
/// The table of all fields of a video request. A new setting needs one line here and its use in <see cref="VideoSettings"/>: command line,
/// JSON, form, stored jobs, OpenAPI document, web page and documentation are derived from the table.
/// </summary>
public static class VideoFields
{
    /// <summary>Largest seed: every JSON parser represents integers up to this value exactly.</summary>
    public const long LargestSeed = (1L << 53) - 1;

    private static readonly List<RequestField> Table = [];

    public static FileField Image { get; } = Add(
        new FileField("image", "The portrait: a picture of the person who shall speak.")
        {
            Group = FieldGroup.Inputs,
            Option = "--image-path",
            ShortOption = "-i",
            ValueName = "FILE",
            Accept = "image",
        });

    public static FileField Video { get; } = Add(new FileField(
        "video", "A source video, instead of the picture: its person gets new lip movements.")
    { Group = FieldGroup.Inputs, Option = null, Accept = "video" });

    public static FileField Audio { get; } = Add(
        new FileField("audio", "The voice: a sound file. The video becomes as long as the sound.")
        {
            Group = FieldGroup.Inputs,
            Option = "--audio1-path",
            ShortOption = "-a",
            ValueName = "FILE",
            Accept = "audio",
        });

    public static ScriptField Text { get; } = Add(new ScriptField(
        "text",
        "The words to speak, in place of a sound. A dialogue has lines that begin with A: and B:, " +
        "for the two people in the picture.")
    { Group = FieldGroup.Speech });

    public static TextField Voice { get; } = Add(
        new TextField("voice", "Voice that speaks the text: a name of 'locutor voices' or GET /v1/voices.", 100)
        {
            Group = FieldGroup.Speech,
            ValueName = "NAME",
            DefaultText = "that of the speech server, else an English one",
        });

    public static TextField Voice2 { get; } = Add(
        new TextField("voice2", "Voice that speaks the lines of a dialogue that begin with B:.", 100)
        {
            Group = FieldGroup.Speech,
            ValueName = "NAME",
            DefaultText = "another voice of the same engine",
        });

    public static FileField Audio2 { get; } = Add(
        new FileField("audio2", "The voice of a second person in the picture.")
        {
            Group = FieldGroup.Voices,
            Option = "--audio2-path",
            ValueName = "FILE",
            Accept = "audio",
        });

    public static ChoiceField AudioType { get; } = Add(new ChoiceField(
        "audio_type", "Order of two voices: para plays both from the start, add plays the second after the first.",
        static _ => ["para", "add"])
    { Group = FieldGroup.Voices, ValueName = "NAME", Default = static _ => "para", DefaultText = "para" });

    public static BoxesField Boxes { get; } = Add(
        new BoxesField("boxes", "Places of the two people in the picture; the person of the first voice comes first.")
        {
            Group = FieldGroup.Voices,
            Option = "--box",
            ValueName = "L,T,R,B",
            DefaultText = "left and right half",
        });

    public static TextField Prompt { get; } = Add(
        new TextField("prompt", "Content of the video in words, such as \"a woman is singing\".", 4000)
        {
            Group = FieldGroup.Words,
            ShortOption = "-p",
            Default = static c => c.Bundle.DefaultPrompt,
            DefaultText = "the model's",
        });

    public static TextField NegativePrompt { get; } = Add(new TextField(
        "negative_prompt", "Content that the video must not show. It is used if the text guidance is above 1.",
        4000)
    { Group = FieldGroup.Words, Default = static c => c.Bundle.NegativePrompt, DefaultText = "the model's" });

    public static ChoiceField Model { get; } = Add(
        new ChoiceField("model", "The networks that make the video.", static _ => null)
        {
            Group = FieldGroup.Model,
            ShortOption = "-m",
            ValueName = "NAME",
            Source = "the models that are here",
            Default = static c => c.Bundle.Name,
            DefaultText = "the program's or the service's",
        });

    public static ChoiceField Preset { get; } = Add(new ChoiceField(
        "preset", "Settings of the model that belong together; single settings below may change them.",
        static bundle => bundle is null ? null : [.. bundle.Presets.Keys])
    {
        Group = FieldGroup.Model,
        ValueName = "NAME",
        Source = "the model's presets",
        Default = static c => c.Bundle.DefaultPreset,
        DefaultText = "the model's",
    });

    public static ChoiceField Size { get; } = Add(new ChoiceField(
        "size",
        "Size of the video, in the shape nearest to that of the picture; 'portrait' keeps the portrait's own size and shape, up to 768 " +
        "pixels; a source video is then drawn at 128x128.",
        static bundle => bundle is null ? null : [.. bundle.Sizes.Keys])
    {
        Group = FieldGroup.Model,
        ValueName = "NAME",
        Source = "the model's sizes",
        Default = static c => c.Bundle.DefaultSize,
        DefaultText = "the model's",
    });

    public static AdaptersField Lora { get; } = Add(
        new AdaptersField(
            "lora", "Adapters (LoRA) of the store that change what the model draws: NAME, or NAME=STRENGTH where 1 is full strength.")
        {
            Group = FieldGroup.Model,
            ValueName = "NAME[=X]",
            DefaultText = "none",
        });

    public static WholeField Steps { get; } = Add(
        new WholeField("steps", "Denoising steps of each clip. More steps take longer and draw finer.", 1, 1000)
        {
            Group = FieldGroup.Sampling,
            ValueName = "N",
            Default = static c => (long)c.Preset.Steps,
            DefaultText = "the preset's",
        });

    public static NumberField Shift { get; } = Add(
        new NumberField(
            "shift", "Shift of the steps towards noise: higher values spend more steps on the coarse shape.", 0.01, 100)
        {
            Group = FieldGroup.Sampling,
            ValueName = "X",
            Default = static c => c.Preset.ShiftBySize.GetValueOrDefault(c.Size, c.Preset.Shift),
            DefaultText = "the preset's",
        });

    public static NumberField TextGuidance { get; } = Add(
        new NumberField(
            "text_guidance",
            "Strength with which the video follows the prompt. 1 turns guidance off and saves a pass of the network.", 0, 30)
        {
            Group = FieldGroup.Sampling,
            ValueName = "X",
            Default = static c => c.Preset.TextGuidance,
            DefaultText = "the preset's",
        });

    public static NumberField AudioGuidance { get; } = Add(
        new NumberField(
            "audio_guidance", "Strength with which the lips follow the voice. 1 turns guidance off and saves a pass of the network.", 0, 30)
        {
            Group = FieldGroup.Sampling,
            ValueName = "X",
            Default = static c => c.Preset.AudioGuidance,
            DefaultText = "the preset's",
        });

    public static FlagField ProjectedGuidance { get; } = Add(
        new FlagField("projected_guidance", "Adaptive projected guidance: high guidance without oversaturated colours.")
        {
            Group = FieldGroup.Sampling,
            ValueName = "true|false",
            Default = static _ => false,
            DefaultText = "false",
        });

    public static WholeField MotionFrames { get; } = Add(
        new WholeField("motion_frames", "Frames that a clip takes over from the clip before it.", 1, 1000)
        {
            Step = 4,
            MostOf = static bundle => bundle.ClipFrames - 4,
            Group = FieldGroup.Sampling,
            ValueName = "N",
            Default = static c => (long)c.Preset.MotionFrames,
            DefaultText = "the preset's",
        });

    public static NumberField HeadMotion { get; } = Add(
        new NumberField(
            "head_motion",
            "Strength of the head's motion (it sways, nods with the voice and breathes) in models that draw only the face; 0 is still.",
            0, 2)
        {
            Group = FieldGroup.Sampling,
            ValueName = "X",
            Default = static c => c.Bundle.Composition is null ? 0.0 : 1.0,
            DefaultText = "1, or 0 in models that move the head themselves",
        });

    public static FlagField StreamSpeech { get; } = Add(new FlagField(
        "stream_speech",
        "The speech encoder sees the 8 seconds of sound up to the end of a clip, as if the sound came live; otherwise the whole " +
        "track.")
    {
        Group = FieldGroup.Sampling,
        ValueName = "true|false",
        Default = static c => c.Preset.StreamSpeech,
        DefaultText = "the preset's",
    });

    public static NumberField ColourCorrection { get; } = Add(
        new NumberField(
            "colour_correction", "Strength with which colours are kept equal to the picture's, against drift in long videos.", 0, 1)
        {
            Group = FieldGroup.Sampling,
            ValueName = "X",
            Default = static c => c.Preset.ColourCorrection,
            DefaultText = "the preset's",
        });

    public static WholeField Seed { get; } = Add(new WholeField(
        "seed", "Starting point of the noise. The same seed and inputs give the same video.", 0,
        LargestSeed)
    { Group = FieldGroup.Sampling, ValueName = "N", DefaultText = "random, and reported" });

    public static WholeField GuidedSteps { get; } = Add(
        new WholeField(
            "guided_steps", "Number of guided steps, counted from the first; later steps need a single pass of the network.", 0, 1000)
        {
            Group = FieldGroup.Speed,
            ValueName = "N",
            Default = static c => c.Preset.GuidedSteps is { } guided ? (long)guided : null,
            DefaultText = "by preset, or all",
        });

    public static TextField StepCache { get; } = Add(
        new TextField(
            "step_cache", "Skips steps that would change little. TeaCache does well from 0.2 to 0.5, EasyCache at 0.05; 0 is off.", 64)
        {
            Fits = StepCacheOptions.IsValid,
            Form = "a threshold from 0 to 10, teacache:THRESHOLD or easycache:THRESHOLD",
            Group = FieldGroup.Speed,
            ValueName = "X",
            Default = static c => c.Preset.StepCache ?? "0",
            DefaultText = "by preset, or 0",
        });

    public static NumberField SkippedAttention { get; } = Add(new NumberField(
        "skipped_attention",
        "Share of the weight of self attention that each token may do without, to skip parts of it; 0 is off. It acts with one " +
        "voice and 8 steps or more, where self attention has 8-bit products.",
        0, 0.5)
    { Group = FieldGroup.Speed, ValueName = "X", Default = static _ => 0.0, DefaultText = "0" });

    public static ChoiceField Format { get; } = Add(OutputFields.Format());

    public static WholeField Height { get; } = Add(OutputFields.Height());

    public static ChoiceField FramesPerSecond { get; } = Add(OutputFields.FramesPerSecond());

    public static ChoiceField AddedFrames { get; } = Add(OutputFields.AddedFrames());

    public static ChoiceField Captions { get; } = Add(OutputFields.Captions());

    public static ScriptField Transcript { get; } = Add(OutputFields.Transcript());

    /// <summary>All fields in display order.</summary>
    public static IReadOnlyList<RequestField> All => Table;

    private static T Add<T>(T field) where T : RequestField
    {
        Table.Add(field);
        return field;
    }
}
