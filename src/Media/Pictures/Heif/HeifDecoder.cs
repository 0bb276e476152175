using Locutor.Media.Files;
using Locutor.Media.Processes;

namespace Locutor.Media.Pictures.Heif;

/// <summary>Decodes the primary picture of an HEIC file, which phones store as a grid of HEVC tiles.</summary>
internal static class HeifDecoder
{
    private const int MostTiles = 4096;

    public static async Task<Picture> DecodeAsync(MediaFile file, MediaLimits limits, CancellationToken cancellationToken)
    {
        try
        {
            var heif = HeifFile.Open(file);
            var primary = heif.Primary;
            var grid = primary.Type == "grid" ? HeifGrid.Read(file, heif, primary) : HeifGrid.Single(file, primary);
            byte[] pixels = await TilesAsync(file, heif, grid, limits, cancellationToken).ConfigureAwait(false);
            var stored = grid.Assemble(pixels);
            return await Task.Run(() => HeifPresentation.Apply(file, primary, grid.Tiles[0], stored), cancellationToken)
                .ConfigureAwait(false);
        }
        catch (EndOfStreamException e)
        {
            throw file.Damaged(e.Message, e);
        }
    }

    /// <summary>Decodes all tiles with one decoder, as one stream of key frames.</summary>
    private static async Task<byte[]> TilesAsync(
        MediaFile file, HeifFile heif, HeifGrid grid, MediaLimits limits, CancellationToken cancellationToken)
    {
        if (grid.Tiles.Count > MostTiles) throw file.TooLarge($"{grid.Tiles.Count} tiles, expected at most {MostTiles}");
        file.CheckSize(grid.TileWidth, grid.TileHeight, limits.MaxSide, limits.MaxPicturePixels);
        long bytes = 3L * grid.TileWidth * grid.TileHeight * grid.Tiles.Count;
        if (bytes > 6 * limits.MaxPicturePixels || bytes > Array.MaxLength)
        {
            throw file.TooLarge(
                $"{grid.Tiles.Count} tiles of {grid.TileWidth}x{grid.TileHeight} pixels, expected at most {limits.MaxPicturePixels} " +
                "pixels in all");
        }
        byte[] stream = Stream(file, heif, grid);
        string[] arguments =
        [
            "-hide_banner", "-v", "error", "-max_pixels", $"{limits.MaxPicturePixels}", "-protocol_whitelist", "file,pipe",
            "-format_whitelist", "hevc",
            // Equal frame rates of input and output: no frame is dropped or repeated. The option -fps_mode came with ffmpeg 5.1.
            "-r", "25", "-f", "hevc", "-i", "pipe:0",
            "-vf", Filter(grid), "-r", "25", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1",
        ];
        var process = ToolProcess.Start(FfmpegTools.Find().Ffmpeg, arguments, takesInput: true);
        await using var disposal = process.ConfigureAwait(false);
        using var kill = process.KillOn(cancellationToken);
        var feeding = FeedAsync(process, stream, cancellationToken);
        byte[] pixels = new byte[bytes];
        int read = await process.Output.ReadAtLeastAsync(pixels, pixels.Length, throwOnEndOfStream: false, cancellationToken)
            .ConfigureAwait(false);
        await feeding.ConfigureAwait(false);
        int code = await process.WaitAsync(cancellationToken).ConfigureAwait(false);
        return read == pixels.Length && code == 0 ? pixels : throw file.Damaged(process.Complaint("pipe:0"));
    }

    private static byte[] Stream(MediaFile file, HeifFile heif, HeifGrid grid)
    {
        using var stream = new MemoryStream();
        byte[]? last = null;
        foreach (var tile in grid.Tiles)
        {
            if (tile.Type is not ("hvc1" or "hev1") || tile.Property("hvcC") is not { Length: > 22 } configuration)
                throw file.Unsupported($"holds a picture of type '{tile.Type}', expected HEVC: export it as JPEG");
            if (last is null || !last.AsSpan().SequenceEqual(configuration)) HevcUnits.WriteParameters(configuration, stream);
            last = configuration;
            HevcUnits.WritePicture(configuration, heif.Data(tile), stream);
        }
        return stream.ToArray();
    }

    private static string Filter(HeifGrid grid)
    {
        var colour = HeifPresentation.Colour(grid.Tiles[0]);
        string size = $"{grid.TileWidth}:{grid.TileHeight}";
        if (FrameFilter.IsWide(colour) && colour.Transfer is "smpte2084" or "arib-std-b67")
            return $"{FrameFilter.ToBt709(colour, yuv: true)}scale={size}";
        string matrix = colour.Matrix is { } named ? $":in_color_matrix={named}" : "",
            range = colour.Matrix is null ? "" : colour.FullRange ? ":in_range=pc" : ":in_range=tv";
        return $"scale={size}:flags=bicubic+accurate_rnd+full_chroma_int{matrix}{range}";
    }

    private static async Task FeedAsync(ToolProcess process, byte[] stream, CancellationToken cancellationToken)
    {
        try
        {
            await process.Input.WriteAsync(stream, cancellationToken).ConfigureAwait(false);
            process.Input.Close();
        }
        catch (IOException)
        {
            // The decoder has ended; its exit code and its error message tell why.
        }
    }
}
