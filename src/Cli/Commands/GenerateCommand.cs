using System.CommandLine;
using Locutor.Cli.Generate;
using Locutor.Generation;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Settings;

namespace Locutor.Cli.Commands;

/// <summary><c>locutor generate</c>: a picture and a voice become a video.</summary>
internal static class GenerateCommand
{
    private static readonly Option<string> Image = new("--image-path", "-i") { Description = "The person: a picture, or a video whose person shall speak. A path or an http(s) address.", HelpName = "FILE", Required = true };
    private static readonly Option<string> Audio1 = new("--audio1-path", "-a") { Description = "What is said: any sound file. The video becomes as long as this. A path or an http(s) address.", HelpName = "FILE", Required = true };
    private static readonly Option<string?> Audio2 = new("--audio2-path") { Description = "What a second person says.", HelpName = "FILE" };
    private static readonly Option<VoicePlacement> AudioType = new("--audio-type") { Description = "Two voices together (para, the default) or the second after the first (add).", HelpName = "para|add", CustomParser = ParsePlacement };
    private static readonly Option<SpeakerBox[]> Box = new("--box") { Description = "Where a person is, in pixels of the picture: left,top,right,bottom. Give it twice; without it, the left half and the right.", HelpName = "L,T,R,B", CustomParser = ParseBoxes, AllowMultipleArgumentsPerToken = false, Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<string> Prompt = new("--prompt", "-p") { Description = "What the video shows, in words.", HelpName = "TEXT", DefaultValueFactory = _ => "" };
    private static readonly Option<string> Negative = new("--negative-prompt") { Description = "What it shall not show; used when the text guidance is not 1.", HelpName = "TEXT", DefaultValueFactory = _ => "" };
    private static readonly Option<string> Output = new("--output-path", "-o") { Description = "The mp4 to write.", HelpName = "FILE", Required = true };
    private static readonly Option<string?> Model = new("--model", "-m") { Description = "Which bundle of networks; 'untrained' needs no files and shows noise.", HelpName = "NAME" };
    private static readonly Option<string?> Preset = new("--preset") { Description = "Settings of the bundle that belong together.", HelpName = "NAME" };
    private static readonly Option<string?> Size = new("--size") { Description = "Size of the video, such as 480p or 720p; its shape is that of the picture.", HelpName = "NAME" };
    private static readonly Option<int?> Steps = new("--steps") { Description = "Denoising steps of a clip, 1 to 1000.", HelpName = "N" };
    private static readonly Option<double?> Shift = new("--shift") { Description = "How far timesteps are moved towards noise.", HelpName = "X" };
    private static readonly Option<double?> TextGuidance = new("--text-guidance") { Description = "How strongly the prompt pulls; 1 saves a pass.", HelpName = "X" };
    private static readonly Option<double?> AudioGuidance = new("--audio-guidance") { Description = "How strongly the voice pulls; 1 saves a pass.", HelpName = "X" };
    private static readonly Option<int?> Guided = new("--guided-steps") { Description = "Steps that are guided, from the first; later ones take one pass.", HelpName = "N" };
    private static readonly Option<bool> Projected = new("--projected-guidance") { Description = "Guidance without its oversaturation (adaptive projected guidance)." };
    private static readonly Option<int?> Motion = new("--motion-frames") { Description = "Frames of the clip before that a clip goes on from: 1, 5, 9, ...", HelpName = "N" };
    private static readonly Option<double?> Colour = new("--colour-correction") { Description = "How much colours are held to those of the picture, 0 to 1.", HelpName = "X" };
    private static readonly Option<string?> StepCache = new("--step-cache") { Description = "Skip steps that would change little: 0.2 to 0.5 by TeaCache, easycache:0.05 by EasyCache; 0 is off.", HelpName = "X" };
    private static readonly Option<long?> Seed = new("--seed") { Description = "The same seed gives the same video; chosen and printed when left out.", HelpName = "N" };
    private static readonly Option<string> Device = new("--device") { Description = "cpu or cuda; without it, the GPU when there is one.", HelpName = "cpu|cuda", DefaultValueFactory = _ => "auto" };
    private static readonly Option<Precision> Precision = new("--precision") { Description = "How finely it is computed: float32, bfloat16, float8, int8; without it what the device is best at. Weights that 'locutor models prepare' made are used where they fit.", HelpName = "NAME" };
    private static readonly Option<string?> VramBudget = new("--vram-budget") { Description = "Memory of the GPU to make do with, in GiB: what does not fit comes in turn from the machine's memory.", HelpName = "GIB" };
    private static readonly Option<bool> Fragmented = new("--fragmented") { Description = "Write a file that can be played while it grows." };
    private static readonly Option<bool> Json = new("--json") { Description = "Progress and result as one JSON object a line, on standard output." };

    public static Command Create()
    {
        var command = new Command("generate", "Make a video of the person in a picture saying what a sound file says.")
        {
            Image, Audio1, Audio2, AudioType, Box, Prompt, Negative, Output, Model, Preset, Size, Steps, Shift, TextGuidance, AudioGuidance,
            Guided, Projected, Motion, Colour, StepCache, Seed, Device, Precision, VramBudget, Fragmented, Json,
        };
        command.SetAction((parsed, ct) => GenerateRun.RunAsync(Read(parsed), ct));
        return command;
    }

    private static GenerateArguments Read(ParseResult parsed) => new()
    {
        Image = parsed.GetRequiredValue(Image),
        Audio = parsed.GetValue(Audio2) is { } second ? [parsed.GetRequiredValue(Audio1), second] : [parsed.GetRequiredValue(Audio1)],
        Placement = parsed.GetValue(AudioType),
        Speakers = parsed.GetValue(Box) ?? [],
        Prompt = parsed.GetValue(Prompt)!,
        NegativePrompt = parsed.GetValue(Negative)!,
        Output = parsed.GetRequiredValue(Output),
        Model = parsed.GetValue(Model),
        Preset = parsed.GetValue(Preset),
        Size = parsed.GetValue(Size),
        Overrides = new SettingOverrides
        {
            Steps = parsed.GetValue(Steps),
            Shift = parsed.GetValue(Shift),
            TextGuidance = parsed.GetValue(TextGuidance),
            AudioGuidance = parsed.GetValue(AudioGuidance),
            GuidedSteps = parsed.GetValue(Guided),
            MotionFrames = parsed.GetValue(Motion),
            ColourCorrection = parsed.GetValue(Colour),
            StepCache = parsed.GetValue(StepCache),
            ProjectedGuidance = parsed.GetValue(Projected),
        },
        Seed = parsed.GetValue(Seed),
        Device = parsed.GetValue(Device)!,
        Precision = parsed.GetValue(Precision),
        VramBudget = MemoryPlan.Parse(parsed.GetValue(VramBudget)),
        Fragmented = parsed.GetValue(Fragmented),
        Json = parsed.GetValue(Json),
    };

    private static VoicePlacement ParsePlacement(System.CommandLine.Parsing.ArgumentResult result)
    {
        switch (result.Tokens[0].Value)
        {
            case "para": return VoicePlacement.SideBySide;
            case "add": return VoicePlacement.OneAfterTheOther;
            default:
                result.AddError($"--audio-type {result.Tokens[0].Value}: expected para or add");
                return default;
        }
    }

    private static SpeakerBox[] ParseBoxes(System.CommandLine.Parsing.ArgumentResult result)
    {
        var boxes = new List<SpeakerBox>();
        foreach (var token in result.Tokens)
        {
            int[] sides = [.. token.Value.Split(',').Select(part => int.TryParse(part, out int side) ? side : -1)];
            if (sides.Length == 4 && sides[0] >= 0 && sides[1] >= 0 && sides[2] > sides[0] && sides[3] > sides[1]) boxes.Add(new(sides[0], sides[1], sides[2], sides[3]));
            else result.AddError($"--box {token.Value}: expected left,top,right,bottom with right beyond left and bottom beyond top");
        }

        if (boxes.Count is not (0 or 2)) result.AddError($"--box: expected one for each of two people, found {boxes.Count}");
        return [.. boxes];
    }
}
