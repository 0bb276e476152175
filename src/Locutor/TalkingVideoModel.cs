using System.Runtime.CompilerServices;
using Locutor.Generation.Loading;
using Locutor.Generation.Preparation;
using Locutor.Generation.Requests;
using Locutor.Media.Video;
using Locutor.Models;
using Locutor.Models.Store;
using Locutor.Torch;
using Locutor.Torch.Loading;

namespace Locutor;

/// <summary>
/// A loaded model, which makes talking videos of portraits and voices on one device. One video is made at a time; other calls wait.
/// Dispose the model to free the memory of the device.
/// </summary>
public sealed class TalkingVideoModel : IAsyncDisposable
{
    /// <summary>Name of the model that is part of the package.</summary>
    public const string BundledModel = ModelFinder.DefaultName;

    private readonly NetworkSet networks;
    private readonly string preset;
    private readonly SemaphoreSlim turn = new(1);
    private bool disposed;

    private TalkingVideoModel(NetworkSet networks, string preset) => (this.networks, this.preset) = (networks, preset);

    /// <summary>Name of the model.</summary>
    public string Name => networks.Bundle.Name;

    /// <summary>The device that runs the networks, such as <c>cpu</c> or <c>cuda:0</c>.</summary>
    public string Device => networks.Device.ToString();

    /// <summary>
    /// Messages for the user about this model on this device, for example that a slower operation is used because the usual one failed the
    /// self test. Usually empty.
    /// </summary>
    public IReadOnlyList<string> Notices => networks.Notices;

    /// <summary>
    /// Lists the models that can be loaded by name, ordered by name: those of the package and those in the folder of the environment
    /// variable <c>LOCUTOR_MODELS</c>.
    /// </summary>
    /// <param name="store">Folder of fetched model files; null for the default of <see cref="ModelOptions.Store"/>.</param>
    /// <exception cref="LocutorException">The description of a model is damaged.</exception>
    public static IReadOnlyList<ModelInfo> List(string? store = null)
    {
        try
        {
            return [.. BundleCatalogue.Default(store).All().Select(Describe)];
        }
        catch (BundleException broken)
        {
            throw Failures.Translate(broken)!;
        }
    }

    /// <summary>
    /// Loads a model. Load it once and make many videos with it: loading takes 1 second for the bundled model, minutes for large ones.
    /// </summary>
    /// <param name="model">A name of <see cref="List"/>, such as <see cref="BundledModel"/>, or the path of a <c>bundle.json</c>.</param>
    /// <param name="options">Device, precision and files; null for the defaults.</param>
    /// <param name="progress">Receives reports about fetching and loading.</param>
    /// <param name="cancellationToken">Cancels fetching; the next call continues incomplete files. Loading itself is not cancelled.</param>
    /// <exception cref="ArgumentException">
    /// <paramref name="model"/> is empty, the device is null, or the precision is no value of <see cref="ModelPrecision"/>.
    /// </exception>
    /// <exception cref="LocutorException">
    /// The model or an option is not valid (<see cref="LocutorError.InvalidRequest"/>), files are missing or damaged
    /// (<see cref="LocutorError.ModelUnavailable"/>), the device or libtorch is missing (<see cref="LocutorError.MissingDependency"/>), or
    /// there is too little memory (<see cref="LocutorError.OutOfMemory"/>).
    /// </exception>
    public static async Task<TalkingVideoModel> LoadAsync(
        string model, ModelOptions? options = null, IProgress<VideoProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(model);
        options ??= new();
        ArgumentNullException.ThrowIfNull(options.Device);
        if (!Enum.IsDefined(options.Precision))
        {
            string names = string.Join(", ", Enum.GetNames<ModelPrecision>());
            throw new ArgumentException($"Precision: expected one of {names}, found {options.Precision}", nameof(options));
        }
        return await Failures.RunAsync(async () =>
        {
            TorchLibraries.Load(TorchOptions.FromEnvironment());
            var relay = new ProgressRelay(progress);
            var found = ModelFinder.Find(model, options.Store);
            string preset = options.Preset ?? found.Bundle.DefaultPreset;
            var loading = Check(options, found, preset);
            var adapters = loading.Adapters;
            if (options.FetchMissingFiles && !found.CanRun(adapters))
                await found.Store.PullAsync(found.Bundle.FilesOf(preset), relay, cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            relay.Report(new VideoProgress(VideoStage.Loading, 0));
            var loaded = new TalkingVideoModel(NetworkSet.Load(found, loading), preset);
            foreach (string notice in loaded.Notices) relay.Notice(notice);
            return loaded;
        }).ConfigureAwait(false);
    }

    /// <summary>
    /// Makes a video and returns its frames, 25 per second, as soon as each clip is generated. It returns no sound.
    /// </summary>
    /// <param name="request">Portrait, voice and settings.</param>
    /// <param name="progress">Receives a report at every denoising step and at least twice a second.</param>
    /// <param name="cancellationToken">Cancels between two denoising steps.</param>
    /// <returns>The frames in order. The whole video is checked after its last frame: use the frames only if the sequence ends without an
    /// exception.</returns>
    /// <exception cref="LocutorException">
    /// A value or an input is not valid, there is too little memory, or the result is wrong; see <see cref="LocutorException.Error"/>.
    /// </exception>
    /// <exception cref="ArgumentNullException">The request, its portrait or its voice is null.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public async IAsyncEnumerable<VideoFrame> GenerateFramesAsync(
        TalkingVideoRequest request, IProgress<VideoProgress>? progress = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var work = await BeginAsync(request, "", progress, cancellationToken).ConfigureAwait(false);
        await using var disposal = work.ConfigureAwait(false);
        int index = 0;
        var (height, width) = work.Production.Size;
        await foreach (byte[] rgb in
                Failures.RunAsync(
                    work.Production.FramesAsync(networks, work.Relay, cancellationToken), work.Inputs.RestoreNames, cancellationToken)
                    .ConfigureAwait(false))
        {
            yield return new VideoFrame(index++, width, height, work.Production.IsComposed ? (byte[])rgb.Clone() : rgb);
        }
    }

    /// <summary>Makes a video and writes it with its sound. The file appears at its path when it is complete.</summary>
    /// <param name="request">Portrait, voice and settings.</param>
    /// <param name="path">Path of the file to write: <c>.mp4</c>, <c>.mov</c>, <c>.mkv</c>, <c>.webm</c>, or <c>.gif</c> without sound. An
    /// existing file is replaced, unless it is an input of the video.</param>
    /// <param name="progress">Receives a report at every denoising step and at least twice a second.</param>
    /// <param name="cancellationToken">Cancels between two denoising steps; no file is written then.</param>
    /// <exception cref="LocutorException">
    /// A value or an input is not valid, the file cannot be written, there is too little memory, or the result is wrong; see
    /// <see cref="LocutorException.Error"/>. No file is written then.
    /// </exception>
    /// <exception cref="ArgumentNullException">The request, its portrait or its voice is null.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public async Task<TalkingVideoResult> WriteVideoAsync(
        TalkingVideoRequest request, string path, IProgress<VideoProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (path == VideoDestination.Standard)
            throw new LocutorException(LocutorError.OutputFailed, $"{path}: cannot be written (standard output is the program's own)");
        if (VideoDestination.Refusal(path) is { } refusal) throw new LocutorException(LocutorError.OutputFailed, $"{path}: {refusal}");
        var work = await BeginAsync(request, path, progress, cancellationToken).ConfigureAwait(false);
        await using var disposal = work.ConfigureAwait(false);
        var made = await Failures.RunAsync(
            () => work.Production.ProduceAsync(networks, work.Relay, cancellationToken: cancellationToken),
            work.Inputs.RestoreNames).ConfigureAwait(false);
        return new(
            made.Path, made.Width, made.Height, made.Frames, TimeSpan.FromSeconds(made.Seconds),
            work.Request.Settings.Seed)
        { Notices = work.Relay.Notices };
    }

    /// <summary>Waits for the current video and frees the networks.</summary>
    public async ValueTask DisposeAsync()
    {
        await turn.WaitAsync().ConfigureAwait(false);
        if (!disposed) networks.Dispose();
        disposed = true;
        turn.Release();
    }

    /// <summary>Checks a request and opens its inputs. No other video is made until the result is disposed.</summary>
    private async Task<VideoInWork> BeginAsync(
        TalkingVideoRequest request, string output, IProgress<VideoProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(request.Image);
        ArgumentNullException.ThrowIfNull(request.Audio);
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        var inputs = new LocalInputs();
        try
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return await Failures.RunAsync(
                async () => await VideoInWork.OpenAsync(
                    networks, preset, request, inputs, output, new ProgressRelay(progress), turn, cancellationToken).ConfigureAwait(false),
                inputs.RestoreNames).ConfigureAwait(false);
        }
        catch
        {
            await inputs.DisposeAsync().ConfigureAwait(false);
            turn.Release();
            throw;
        }
    }

    /// <summary>Checks the options against a model and finds the device.</summary>
    /// <exception cref="RequestException">A value is not allowed; the exception names every such value.</exception>
    private static LoadingOptions Check(ModelOptions options, ResolvedBundle model, string preset)
    {
        var faults = new RequestFaults();
        var fields = VideoRequest.Empty.With(VideoFields.Preset, preset).With(VideoFields.Lora, options.Lora);
        fields.Check(model.Bundle, faults);
        if (options.MemoryBudget < 1) faults.Add("memory_budget", $"expected at least 1 byte, found {options.MemoryBudget}");
        var device = TorchSharp.torch.CPU;
        try
        {
            device = DeviceFinder.Find(options.Device);
        }
        catch (RequestException wrong)
        {
            faults.Add(wrong);
        }
        faults.ThrowIfAny();
        var adapters = VideoSettings.Resolve(model.Bundle, fields).Adapters;
        AdapterFit.Check(model, adapters);
        return LoadingOptions.From(device, (Precision)options.Precision) with { Adapters = adapters, Budget = options.MemoryBudget };
    }

    private static ModelInfo Describe(ResolvedBundle model) => new(model.Bundle.Name, model.Bundle.Title, model.Bundle.Licence)
    {
        IsReady = model.CanRun(model.DefaultAdapters),
        DownloadBytes = model.Bundle.DiskSpace.TryGetValue("pull", out long bytes) ? bytes : null,
        Presets = [.. model.Bundle.Presets.Keys],
        DefaultPreset = model.Bundle.DefaultPreset,
        Sizes = [.. model.Bundle.Sizes.Keys],
        DefaultSize = model.Bundle.DefaultSize,
    };
}
