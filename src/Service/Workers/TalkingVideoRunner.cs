using System.Text.Json;
using Locutor.Generation;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Settings;
using Locutor.Jobs.Records;
using Locutor.Media;
using Locutor.Models;
using Locutor.Service.Inputs;
using static TorchSharp.torch;

namespace Locutor.Service.Workers;

/// <summary>A bundle and how its networks are brought to a device.</summary>
public sealed record RunnerModel(Bundle Bundle, Func<Device, IReadOnlyList<BundleAdapter>, NetworkSet> Load);

/// <summary>The real generator. The networks of the last job stay loaded, for most jobs ask for the same ones.</summary>
/// <param name="deviceName">cpu or cuda:N.</param>
/// <param name="defaultModel">Model of jobs that name none; null takes the program's default.</param>
/// <param name="find">The model of that name, or the default for null.</param>
public sealed class TalkingVideoRunner(string deviceName, string? defaultModel, Func<string?, RunnerModel> find) : IVideoRunner
{
    private static readonly MediaLimits Limits = new() { MaxSeconds = 24 * 3600 };
    private readonly Device _device = device(deviceName);
    private NetworkSet? _networks;
    private string _loaded = "";

    public string Model => _networks?.Bundle.Name ?? "";

    public Task LoadAsync(CancellationToken cancellation) => Task.Run(
        () =>
        {
            var model = find(defaultModel);
            Networks(model, VideoSettings.Resolve(model.Bundle, null, null, new SettingOverrides()).Adapters);
        },
        cancellation);

    public async Task<RunnerVideo> RunAsync(RunnerJob job, IProgress<JobProgress> progress, CancellationToken cancellation)
    {
        var (model, settings) = Resolve(job.Request);
        var request = Request(job, settings);
        await using var media = await SourceMedia.OpenAsync(request, Limits, cancellation);
        progress.Report(new JobProgress { Stage = JobStage.Loading });
        var archive = new ClipArchive(job.WorkFolder, JsonSerializer.Serialize(new { job.Id, model.Bundle.Name, job.Request }));
        var picture = await media.Pictures.AtAsync(0, cancellation);
        return await Task.Run(
            async () =>
            {
                var networks = Networks(model, settings.Adapters);
                var notice = PictureFit.Notice(networks, picture);
                var result = await new TalkingVideoProducer(networks).ProduceAsync(request, media, Limits, new Progress(progress, notice), archive, cancellation);
                return new RunnerVideo(result.Width, result.Height, result.Seconds, Notice: notice);
            },
            CancellationToken.None);
    }

    public ValueTask DisposeAsync()
    {
        _networks?.Dispose();
        return ValueTask.CompletedTask;
    }

    private (RunnerModel Model, VideoSettings Settings) Resolve(JobRequest asked)
    {
        try
        {
            var model = find(asked.Model ?? defaultModel);
            return (model, VideoSettings.Resolve(model.Bundle, asked.Size, asked.Preset, new SettingOverrides
            {
                Steps = asked.Steps,
                Shift = asked.Shift,
                TextGuidance = asked.TextGuidance,
                AudioGuidance = asked.AudioGuidance,
                MotionFrames = asked.MotionFrames,
                ColourCorrection = asked.ColourCorrection,
            }));
        }
        catch (Generation.Settings.SettingsException exception)
        {
            throw new InputException(JobError.InvalidRequest, exception.Message, false, exception);
        }
    }

    private static TalkingVideoRequest Request(RunnerJob job, VideoSettings settings) => new()
    {
        ImagePath = job.Inputs.TryGetValue("image", out var image) ? image : job.Inputs["video"],
        AudioPaths = job.Inputs.TryGetValue("audio2", out var second) ? [job.Inputs["audio"], second] : [job.Inputs["audio"]],
        OutputPath = job.OutputPath,
        Placement = job.Request.AudioType == "add" ? VoicePlacement.OneAfterTheOther : VoicePlacement.SideBySide,
        Speakers = (job.Request.Boxes ?? []).Select(box => new SpeakerBox((int)box[0], (int)box[1], (int)box[2], (int)box[3])).ToArray(),
        Prompt = job.Request.Prompt,
        NegativePrompt = job.Request.NegativePrompt ?? "",
        Seed = job.Request.Seed,
        Settings = settings,
    };

    private NetworkSet Networks(RunnerModel model, IReadOnlyList<BundleAdapter> adapters)
    {
        var name = $"{model.Bundle.Name} {JsonSerializer.Serialize(adapters)}";
        if (_networks is not null && _loaded == name)
            return _networks;
        _networks?.Dispose();
        _networks = null;
        _networks = model.Load(_device, adapters);
        _loaded = name;
        return _networks;
    }

    private sealed class Progress(IProgress<JobProgress> outer, string? notice) : IProgress<GenerationProgress>
    {
        private readonly TimeLeft _left = new(TimeProvider.System);

        public void Report(GenerationProgress value) => outer.Report(new JobProgress
        {
            Stage = Enum.Parse<JobStage>(value.Stage.ToString()),
            Percent = Math.Min(99, 100 * value.Fraction),
            Clip = value.Clip,
            Clips = value.Clips,
            Step = value.Step,
            Steps = value.Steps,
            EtaSeconds = _left.After(value)?.TotalSeconds,
            Notice = notice,
        });
    }
}
