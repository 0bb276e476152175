using Locutor.Generation.Progress;
using Locutor.Jobs.Records;
using Locutor.Media.Pictures;

namespace Locutor.Service.Workers;

/// <summary>Turns the progress of the generator into the progress of a job.</summary>
/// <param name="outer">Receives the progress of the job.</param>
/// <param name="notice">A notice about the inputs; null for none.</param>
internal sealed class RunnerProgress(IProgress<JobProgress> outer, string? notice) : IProgress<GenerationProgress>
{
    private const int PreviewQuality = 70, MostPreviewBytes = 16 << 10;

    // Workers report once a second, so that the latest picture is repeated until there is another one.
    private string? preview;

    public void Report(GenerationProgress value)
    {
        preview = value.Stage is GenerationStage.Muxing ? null : value.Preview is { } picture ? DataUrl(picture) : preview;
        outer.Report(new JobProgress
        {
            Stage = StageOf(value.Stage),
            Percent = Math.Min(99, 100 * value.Fraction),
            Clip = value.Clip,
            Clips = value.Clips,
            Step = value.Step,
            Steps = value.Steps,
            EtaSeconds = value.TimeLeft?.TotalSeconds,
            Notice = notice,
            Preview = preview,
        });
    }

    private static string? DataUrl(Picture picture)
    {
        byte[] jpeg = PictureEncoder.EncodeJpeg(picture, PreviewQuality);
        return jpeg.Length > MostPreviewBytes ? null : "data:image/jpeg;base64," + Convert.ToBase64String(jpeg);
    }

    private static JobStage StageOf(GenerationStage stage) => stage switch
    {
        GenerationStage.Fetching => JobStage.Fetching,
        GenerationStage.Loading => JobStage.Loading,
        GenerationStage.Encoding => JobStage.Encoding,
        GenerationStage.Denoising => JobStage.Denoising,
        GenerationStage.Decoding => JobStage.Decoding,
        GenerationStage.Muxing => JobStage.Muxing,
        _ => throw new ArgumentOutOfRangeException(nameof(stage)),
    };
}
