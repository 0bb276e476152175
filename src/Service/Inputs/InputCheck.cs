using Locutor.Generation.Conditioning;
using Locutor.Generation.Pictures;
using Locutor.Jobs.Records;
using Locutor.Media;
using Locutor.Media.Pictures.Decoding;
using Locutor.Models.Store;
using Locutor.Service.Http;

namespace Locutor.Service.Inputs;

/// <summary>The findings about a file before it is submitted.</summary>
/// <param name="Field">The field of a submission to which the file belongs: image, video or audio.</param>
/// <param name="ContentType">The content type, detected from the bytes.</param>
/// <param name="Seconds">The duration of sound or video.</param>
/// <param name="Width">The width of an upright picture or a video in pixels.</param>
/// <param name="Height">Its height.</param>
/// <param name="Face">The square around the face as left, top, right and bottom in pixels; null if none was found.</param>
/// <param name="Faces">The squares of two people, from left to right; empty if two were not found.</param>
/// <param name="Notice">Why the model may make a poor video of this picture; null if it fits.</param>
public sealed record InputCheckView(
    string Field, string ContentType, double? Seconds, int? Width, int? Height, IReadOnlyList<int>? Face,
    IReadOnlyList<IReadOnlyList<int>> Faces, string? Notice);

/// <summary>Checks a file as a submission would, and looks for faces in a picture. Nothing of the file is kept.</summary>
internal sealed class InputCheck(InputStore inputs, MediaInspector inspector) : IDisposable
{
    private readonly SemaphoreSlim turns = new(1); // the check of a picture uses all cores

    public void Dispose() => turns.Dispose();

    /// <param name="upload">The bytes of the file.</param>
    /// <param name="expected">The kind of file that the field of the submission expects.</param>
    /// <param name="model">The model that will make the video.</param>
    /// <param name="size">Its size; null for the default.</param>
    /// <param name="cancellationToken">Cancels the check.</param>
    /// <exception cref="ProblemException">Status 413 or 422: the file cannot be used.</exception>
    public async Task<InputCheckView> RunAsync(
        Stream upload, ExpectedMedia expected, ResolvedBundle model, string? size, CancellationToken cancellationToken)
    {
        string? path = null;
        try
        {
            (path, string sha256) = await inputs.SetAsideAsync(upload, cancellationToken);
            var media = await inspector.InspectAsync(path, sha256, expected, cancellationToken);
            return media.Kind is MediaKind.Picture
                ? await PictureAsync(path, media, model, size, cancellationToken)
                : new InputCheckView(
                    media.Kind is MediaKind.Video ? "video" : "audio", media.ContentType, Math.Round(media.Seconds, 3),
                    Known(media.Width), Known(media.Height), null, [], null);
        }
        catch (WrongKindException wrong)
        {
            throw new ProblemException(422, JobError.UnsupportedMedia, wrong.Message);
        }
        catch (InputException unfit)
        {
            throw new ProblemException(unfit.Code is JobError.TooLarge ? 413 : 422, unfit.Code, unfit.Message);
        }
        finally
        {
            if (path is not null)
                File.Delete(path);
        }
    }

    private async Task<InputCheckView> PictureAsync(
        string path, InspectedMedia media, ResolvedBundle model, string? size, CancellationToken cancellationToken)
    {
        await turns.WaitAsync(cancellationToken);
        try
        {
            var picture = await PictureDecoder.DecodeAsync(path, inspector.Limits, cancellationToken);
            var report = await Task.Run(() => PictureCheck.Check(model, picture, size), cancellationToken);
            return new InputCheckView(
                "image", media.ContentType, null, picture.Width, picture.Height, report.Face is { } face ? Box(face) : null,
                [.. report.Faces.Select(Box)], report.Notice);
        }
        catch (MediaException unfit)
        {
            throw new ProblemException(422, unfit.Code, MediaInspector.WithoutPath(unfit.Message, path));
        }
        finally
        {
            turns.Release();
        }
    }

    private static int? Known(int pixels) => pixels > 0 ? pixels : null;

    private static IReadOnlyList<int> Box(PixelRegion region) => [region.Left, region.Top, region.Right, region.Bottom];
}
