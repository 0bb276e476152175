using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Media.Video;
using Locutor.Media.Video.Finishing;
using Locutor.Models.Store;
using static TorchSharp.torch;

namespace Locutor.Cli.Generate;

/// <summary>A video whose command line passed all checks that need neither networks nor decoding.</summary>
/// <param name="Arguments">The command line.</param>
/// <param name="Model">The model.</param>
/// <param name="Asked">The request with all settings.</param>
/// <param name="Devices">
/// The devices that compute it. Those that the command line names are found already. Otherwise they are found when they are first needed,
/// because that loads libtorch, which takes a quarter of a second.
/// </param>
internal sealed record CheckedVideo(
    GenerateArguments Arguments, ResolvedBundle Model, ResolvedRequest Asked, Lazy<IReadOnlyList<Device>> Devices)
{
    private const string Video = "video";

    /// <summary>The files and streams to write, without standard output.</summary>
    public IEnumerable<PlannedFile> Outputs
    {
        get
        {
            if (!OutputPath.IsStandard(Arguments.Output))
            {
                yield return new(Arguments.Output, Video, Video);
                if (Asked.Settings.Output.CaptionPath(Arguments.Output) is { } captions)
                    yield return new(captions, "captions", Video);
            }

            if (Arguments.SoundPath is { } sound) yield return new(sound, "sound", "sound");
        }
    }

    /// <summary>The paths of the files to write, which replace others of these names. A stream replaces nothing.</summary>
    public IEnumerable<string> Files =>
        Outputs.Where(output => output.Content != Video || !VideoDestination.IsStream(output.Path)).Select(output => output.Path);

    /// <summary>The inputs as the user gave them: paths, addresses, or <c>-</c>.</summary>
    public IEnumerable<string> Inputs =>
        new[] { Arguments.Form.Address(VideoFields.Image), Arguments.TextSource }.OfType<string>()
            .Concat(OpenedVoices.Addresses(Arguments.Form));

    /// <summary>Checks a command line.</summary>
    /// <exception cref="RequestException">The request has errors.</exception>
    /// <exception cref="CommandException">An output cannot be written, or options contradict each other.</exception>
    public static CheckedVideo Check(GenerateArguments arguments)
    {
        ResolvedBundle model = null!;
        var asked = arguments.Form.Resolve(name => (model = ModelFinder.Find(name, arguments.Store)).Bundle);
        AdapterFit.Check(model, asked.Settings.Adapters);
        OpenedVoices.CheckRawAudio(arguments, asked.Settings);
        var devices = new Lazy<IReadOnlyList<Device>>(() => DeviceChoice.FindAll(arguments.Device, arguments.Gpus));
        if (arguments.Gpus is not null || arguments.Device != DeviceChoice.Auto) _ = devices.Value;
        var video = new CheckedVideo(arguments, model, asked, devices);
        OutputPath.CheckApart(video.Outputs, video.Inputs.Select(input => (input, input)));
        OutputPath.Check(arguments.Output);
        CheckOutput(arguments, asked.Settings.Output);
        foreach (var output in video.Outputs.Where(output => output.Content != Video)) WritablePath.Check(output.Path);
        return video;
    }

    /// <summary>Checks that a format is that of the name of the output.</summary>
    /// <exception cref="RequestException">They differ.</exception>
    public static void CheckFormat(string format, VideoFormat named, string output)
    {
        if (format != named.Extension)
            throw new RequestException(VideoFields.Format.Name, $"expected {named.Extension} as in the name {output}, found '{format}'");
    }

    /// <summary>Checks that format, captions and fragmentation are compatible.</summary>
    private static void CheckOutput(GenerateArguments arguments, OutputSettings output)
    {
        var named = VideoDestination.Format(arguments.Output);
        if (output.Format is { } format && !VideoDestination.IsStream(arguments.Output))
            CheckFormat(format.Extension, named, arguments.Output);
        if (output.Captions == CaptionPlacement.Embedded && VideoFinisher.CaptionsRefusal(output.Format ?? named) is { } refusal)
            throw new RequestException(VideoFields.Captions.Name, refusal);
        if (arguments.Fragmented && output.IsFinished)
        {
            throw new CommandException(
                ExitCodes.Usage,
                "--fragmented: cannot be combined with --height, --fps 30 or 50, or captions in the video, which need the whole video");
        }
        if (output.CaptionFile is { } extension && OutputPath.IsStandard(arguments.Output))
            throw new RequestException(VideoFields.Captions.Name, $"expected embedded or burnt with standard output, found '{extension}'");
    }
}
