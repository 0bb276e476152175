using System.CommandLine;
using System.Text;
using Locutor.CommandLine;
using Locutor.Files;
using Locutor.Generation.Loading;
using Locutor.Torch;

namespace Locutor.Bench;

/// <summary>
/// The command <c>locutor bench</c>: it measures parts of the generator on this machine and compares them with the best rate of the
/// device.
/// </summary>
internal static class BenchCommand
{
    private static readonly Argument<string> Part = new("part")
    {
        Description = $"The part to measure: {string.Join(", ", BenchRun.Parts)}, or all.",
        DefaultValueFactory = _ => "all",
    };
    private static readonly Option<string?> Model = new("--model", "-m")
    {
        Description = "The bundle that gives the sizes of the networks. Weights are random; its files are not needed.",
        HelpName = "NAME",
    };
    private static readonly Option<string?> Size = new("--size")
    {
        Description = "Size of the video in pixels. The default is 640x640, or the bundle's only size.",
        HelpName = "HxW",
    };
    private static readonly Option<int?> Frames = new("--frames")
    {
        Description = "Number of frames of a clip: 1, 5, 9, ... The default is the bundle's.",
        HelpName = "N",
    };
    private static readonly Option<Precision> Precise = new("--precision")
    {
        Description = "float32, bfloat16, float8 or int8.",
        HelpName = "NAME",
    };
    private static readonly Option<int> Repeat = new("--repeat")
    {
        Description = "Number of timed runs; the median is reported.",
        HelpName = "N",
        DefaultValueFactory = _ => 3,
    };
    private static readonly Option<bool> Check = new("--check")
    {
        Description = "Compares with the plain float32 path first, and does not time an operation that differs too much."
    };
    private static readonly Option<string?> Preset = new("--preset")
    {
        Description = "Preset of the bundle for the part clip. Several presets, separated by commas, share the networks.",
        HelpName = "NAME",
    };
    private static readonly Option<int?> Steps = new("--steps")
    {
        Description = "Number of steps of a clip, for the parts clip and accuracy. The default is the preset's.",
        HelpName = "N",
    };
    private static readonly Option<string?> StepCache = new("--step-cache")
    {
        Description = "Step cache for the part clip, as for generate; for accuracy, this one instead of several.",
        HelpName = "X",
    };
    private static readonly Option<int> Clips = new("--clips")
    {
        Description = "Number of clips of a video. The first starts from a picture, each later one continues the clip before it.",
        HelpName = "N",
        DefaultValueFactory = _ => 2,
    };
    private static readonly Option<int?> MotionFrames = new("--motion-frames")
    {
        Description = "Number of frames that a clip takes over from the clip before it. The default is the preset's.",
        HelpName = "N",
    };
    private static readonly Option<double> Minutes = new("--minutes")
    {
        Description = "Length of the voice in minutes, for the part memory.",
        HelpName = "N",
        DefaultValueFactory = _ => 1,
    };
    private static readonly Option<bool?> StreamSpeech = new("--stream-speech")
    {
        Description = "As for generate, for the part memory. The default is the preset's.",
        HelpName = "true|false",
    };
    private static readonly Option<string?> VramBudget = new("--vram-budget")
    {
        Description = "Limit of GPU memory as for generate, for the parts pass, vae and clip.",
        HelpName = "GIB",
    };
    private static readonly Option<string?> Of = new("--of")
    {
        Description = "For the part presets: the bundle whose presets run on the trained bundle (default: the trained bundle itself).",
        HelpName = "NAME",
    };
    private static readonly Option<string?> Image = new("--image-path", "-i")
    {
        Description = "A picture, for accuracy and presets.",
        HelpName = "FILE",
    };
    private static readonly Option<string?> Audio = new("--audio1-path", "-a")
    {
        Description = "A voice, for accuracy and presets.",
        HelpName = "FILE",
    };
    private static readonly Option<string> Folder = new("--folder")
    {
        Description = "Folder of the temporary file of the part load, and of the bundle that the part files writes.",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => Path.GetTempPath(),
    };
    private static readonly Option<string> Device = new("--device")
    {
        Description = "cpu or cuda. The default is the first GPU or, without a GPU, the CPU.",
        HelpName = "cpu|cuda",
        DefaultValueFactory = _ => "auto",
    };
    private static readonly Option<string?> Gpus = new("--gpus")
    {
        Description = "Also measures the parts pass, vae and clip on these GPUs together, and compares them with one GPU.",
        HelpName = "0,1,..",
    };
    private static readonly Option<string?> Json = new("--json")
    {
        Description = "Also writes the figures to this file.",
        HelpName = "FILE",
    };

    public static Command Create()
    {
        var command = new Command("bench", "Measure the time and memory of the parts of the generator on this device.")
        {
            Part, Model, Size, Frames, Precise, Repeat, Check, Preset, Steps, StepCache, Clips, MotionFrames, Minutes, StreamSpeech,
            VramBudget, Of, Image, Audio, Folder, Device, Gpus, Json,
        };
        command.SetAction(parsed =>
        {
            string? json = parsed.GetValue(Json);
            if (json is not null) WritablePath.Check(json);
            try
            {
                DeviceOutOfMemoryException.Watch(
                    () => BenchRun.Measure(parsed.GetValue(Part)!, Read(parsed), Console.WriteLine, report => Write(json, report)));
                return ExitCodes.Success;
            }
            catch (BenchException failure)
            {
                throw new CommandException(
                    failure.Message.StartsWith("--", StringComparison.Ordinal)
                        || failure.Message.StartsWith("unknown", StringComparison.Ordinal)
                        ? ExitCodes.Usage
                        : ExitCodes.Internal,
                    failure.Message);
            }
        });
        return command;
    }

    /// <summary>Reads the options; those that need no libtorch first, because loading it takes longer than all else.</summary>
    private static BenchOptions Read(ParseResult parsed)
    {
        BenchRun.RequirePart(parsed.GetValue(Part)!);
        long? budget = MemoryPlan.Parse(parsed.GetValue(VramBudget));
        var model = ModelFinder.Find(parsed.GetValue(Model));
        var bundle = model.Bundle;
        var (height, width) = SizeOf(parsed.GetValue(Size), bundle);
        var gpus = DeviceChoice.FindGpus(parsed.GetValue(Gpus));
        return new BenchOptions(
            bundle, gpus.Count > 0 ? gpus[0] : DeviceChoice.Find(parsed.GetValue(Device)!), height, width,
            parsed.GetValue(Frames) ?? bundle.ClipFrames)
        {
            Precision = parsed.GetValue(Precise),
            Repeat = parsed.GetValue(Repeat),
            Check = parsed.GetValue(Check),
            Preset = parsed.GetValue(Preset),
            Steps = parsed.GetValue(Steps),
            StepCache = parsed.GetValue(StepCache),
            Clips = parsed.GetValue(Clips),
            MotionFrames = parsed.GetValue(MotionFrames),
            Minutes = parsed.GetValue(Minutes),
            StreamSpeech = parsed.GetValue(StreamSpeech),
            VramBudget = budget,
            Gpus = gpus,
            Files = model.Folder is null ? null : model,
            PresetsOf = parsed.GetValue(Of) is { } of ? ModelFinder.Find(of).Bundle : null,
            Image = parsed.GetValue(Image),
            Audio = parsed.GetValue(Audio),
            Folder = parsed.GetValue(Folder)!,
        };
    }

    private static (int Height, int Width) SizeOf(string? asked, Models.Bundle bundle)
    {
        if (asked is null)
        {
            var pictures = bundle.Sizes[bundle.DefaultSize];
            int[] chosen = pictures.FirstOrDefault(picture => picture[0] == 640 && picture[1] == 640) ?? pictures[0];
            return (chosen[0], chosen[1]);
        }
        string[] sides = asked.Split('x');
        return sides.Length == 2 && int.TryParse(sides[0], out int height) && int.TryParse(sides[1], out int width)
            ? (height, width)
            : throw new CommandException(ExitCodes.Usage, $"--size {asked}: expected HEIGHTxWIDTH, such as 640x640");
    }

    private static void Write(string? path, BenchReport report)
    {
        if (path is not null) AtomicFile.Write(path, Encoding.UTF8.GetBytes(report.ToJson()));
    }
}
