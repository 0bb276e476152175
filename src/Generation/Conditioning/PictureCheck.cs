using Locutor.Generation.Blueprints;
using Locutor.Generation.Loading;
using Locutor.Generation.Pictures;
using Locutor.Generation.Preparation;
using Locutor.Kernels.SelfTests;
using Locutor.Media.Pictures;
using Locutor.Models;
using Locutor.Models.Store;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoAutoencoder;
using static TorchSharp.torch;

namespace Locutor.Generation.Conditioning;

/// <summary>The findings about a portrait before a video is made.</summary>
/// <param name="Face">The square around the face that was found; null if none was.</param>
/// <param name="Faces">The squares in the left and in the right half, for two people; empty if a half has none.</param>
/// <param name="Notice">The bundle's notice about pictures of another kind than it was trained on; null if the picture fits.</param>
public sealed record PictureReport(PixelRegion? Face, IReadOnlyList<PixelRegion> Faces, string? Notice);

/// <summary>
/// Checks a portrait against a bundle without loading all its networks, so that a user is told before the video is made. The result is
/// the same as that of <see cref="PictureFit"/> on a CPU in float32.
/// </summary>
public static class PictureCheck
{
    private const int LeastWidth = 64; // of a picture of two people

    /// <summary>Checks a portrait. It takes about a second of the CPU if the bundle has a threshold for its notice.</summary>
    public static PictureReport Check(ResolvedBundle model, Picture picture, string? size = null)
    {
        var bundle = model.Bundle;
        return new PictureReport(
            FaceFinder.Find(picture), FindTwo(picture),
            bundle.NoticeBelow is { } limit && model.Folder is not null && Decibels(model, Shown(bundle, picture, size)) < limit
                ? bundle.Notice
                : null);
    }

    /// <summary>Returns the part of the portrait that the networks see, at their size.</summary>
    private static Picture Shown(Bundle bundle, Picture picture, string? size)
    {
        var buckets = bundle.Sizes[size is not null && bundle.Sizes.ContainsKey(size) ? size : bundle.DefaultSize];
        var (bucket, video) = FacePlaces.Sizes(buckets, bundle.Composition, (picture.Height, picture.Width));
        var target = PictureResizer.ResizeToCover(picture, video.Height, video.Width);
        if (bundle.Composition is null) return target;
        return PictureResizer.ResizeToCover(
            PictureRegion.Cut(target, FacePlaces.Find(target, bucket).Region), bucket.Height, bucket.Width);
    }

    private static double Decibels(ResolvedBundle model, Picture picture)
    {
        CpuChecks.RequireFloat32();
        using var source = new NetworkSources(model, []).OpenToRun(NetworkKind.Autoencoder, ScalarType.Float32, null);
        using var parameters = new CheckpointParameters(source.Checkpoint, source.Adapters);
        var weights = BundleBlueprint.Below(
            new Weights(parameters, ScalarType.Float32, CPU), model.Bundle.Network(NetworkKind.Autoencoder));
        var autoencoder = new VideoAutoencoder(weights, new BundleBlueprint(model.Bundle).Autoencoder);
        using var drawn = NetworkSet.DrawStill(autoencoder, CPU, picture);
        return PictureFit.Decibels(drawn, picture);
    }

    /// <summary>Finds a face in each half of the picture; returns none if a half has none.</summary>
    private static List<PixelRegion> FindTwo(Picture picture)
    {
        if (picture.Width < LeastWidth) return [];
        int half = picture.Width / 2;
        var faces = new List<PixelRegion>();
        foreach (int left in new[] { 0, picture.Width - half })
        {
            if (FaceFinder.Find(picture, new PixelRegion(0, left, picture.Height, left + half)) is not { } face) return [];
            faces.Add(face);
        }
        return faces;
    }
}
