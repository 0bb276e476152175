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
    /// <summary>The files to write, without streams.</summary>
    public IEnumerable<string> Outputs
    {
        get
        {
            if (VideoDestination.IsStream(Arguments.Output)) return [];
            return new[] { Arguments.Output, Asked.Settings.Output.CaptionPath(Arguments.Output), Arguments.SoundPath }.OfType<string>();
        }
    }

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
        OutputPath.Check(arguments.Output, [arguments.Form.Address(VideoFields.Image)!, .. OpenedVoices.Addresses(arguments.Form)]);
        if (arguments.SoundPath is { } path) WritablePath.Check(path);
        CheckOutput(arguments, asked.Settings.Output);
        return new(arguments, model, asked, devices);
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
        if (output.CaptionFile is { } extension && arguments.Output == VideoDestination.Standard)
        {
            throw new RequestException(
                VideoFields.Captions.Name, $"expected embedded or burnt with standard output, found '{extension}'");
        }
        if (output.CaptionPath(arguments.Output) is { } captions) WritablePath.Check(captions);
    }
}
