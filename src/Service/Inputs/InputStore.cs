using System.Buffers;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Service.Files;
using Locutor.Service.Settings;

namespace Locutor.Service.Inputs;

/// <summary>Stores inputs. Each file is written to a temporary place, inspected, and only then moved to the file store.</summary>
public sealed class InputStore(
    DataFolder folder, IFileStore store, UrlFetcher fetcher, MediaInspector inspector, JobsMetrics metrics, ServeSettings settings)
{
    private readonly long mostBytes = (long)(settings.MaxInputMb * 1e6);

    /// <summary>Fetches the file of a URL and stores it.</summary>
    public async Task<JobInput> FetchAsync(
        string jobId, string field, string url, ExpectedMedia expected, CancellationToken cancellationToken)
    {
        Task<JobInput> StoreAsync(string? shown) =>
            this.StoreAsync(jobId, field, expected, file => fetcher.FetchAsync(url, file, cancellationToken), shown, cancellationToken);
        if (DataUrl.Is(url))
            return await StoreAsync(null);
        var (from, outcome, bytes) = (Stopwatch.GetTimestamp(), JobError.Internal, 0L);
        try
        {
            var input = await StoreAsync(url);
            (outcome, bytes) = ("ok", input.Bytes);
            return input;
        }
        catch (InputException refused)
        {
            outcome = refused.Code;
            throw;
        }
        catch (WrongKindException)
        {
            outcome = JobError.UnsupportedMedia;
            throw;
        }
        finally
        {
            metrics.Fetched(outcome, Stopwatch.GetElapsedTime(from), bytes);
        }
    }

    /// <summary>Stores an uploaded file.</summary>
    public Task<JobInput> StoreAsync(
        string jobId, string field, Stream upload, ExpectedMedia expected, CancellationToken cancellationToken) =>
        StoreAsync(jobId, field, expected, file => CopyAsync(upload, file, cancellationToken), null, cancellationToken);

    /// <summary>Writes an upload to a file that belongs to no job. The caller removes it.</summary>
    /// <returns>The path of the file and its SHA-256.</returns>
    public async Task<(string Path, string Sha256)> SetAsideAsync(Stream upload, CancellationToken cancellationToken)
    {
        string aside = folder.Aside();
        try
        {
            await using (var file = new FileStream(aside, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 0, FileOptions.None))
                await CopyAsync(upload, file, cancellationToken);
            return (aside, await HashAsync(aside, cancellationToken));
        }
        catch
        {
            File.Delete(aside);
            throw;
        }
    }

    /// <summary>Stores a text that this service has made or checked.</summary>
    public async Task<JobInput> StoreTextAsync(
        string jobId, string field, string extension, string text, string contentType, CancellationToken cancellationToken)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        string path = DataFolder.InputPath(jobId, field + extension);
        await store.KeepAsync(folder, bytes, path, contentType, cancellationToken);
        return new JobInput { Field = field, Path = path, Bytes = bytes.Length, ContentType = contentType };
    }

    /// <summary>Returns the kind of file that a field of a request expects.</summary>
    public static ExpectedMedia Expected(string field) => field switch
    {
        "image" => ExpectedMedia.Picture,
        "video" => ExpectedMedia.Video,
        _ => ExpectedMedia.Sound,
    };

    private async Task<JobInput> StoreAsync(
        string jobId, string field, ExpectedMedia expected, Func<Stream, Task> write, string? url, CancellationToken cancellationToken)
    {
        string aside = folder.Aside();
        try
        {
            await using (var file = new FileStream(aside, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 0, FileOptions.None))
            {
                await write(file);
                await file.FlushAsync(cancellationToken);
            }
            string sha256 = await HashAsync(aside, cancellationToken);
            var media = await inspector.InspectAsync(aside, sha256, expected, cancellationToken);
            string path = DataFolder.InputPath(jobId, field + media.Extension);
            long bytes = new FileInfo(aside).Length;
            await store.KeepAsync(aside, path, media.ContentType, cancellationToken);
            return new JobInput
            {
                Field = field,
                Url = url,
                Path = path,
                Bytes = bytes,
                ContentType = media.ContentType,
                Seconds = media.Seconds,
                Width = media.Width,
                Height = media.Height,
            };
        }
        finally
        {
            File.Delete(aside);
        }
    }

    private async Task CopyAsync(Stream upload, Stream file, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            long total = 0;
            while (await upload.ReadAsync(buffer, cancellationToken) is var count && count > 0)
            {
                if ((total += count) > mostBytes)
                    throw new InputException(JobError.TooLarge, $"expected at most {mostBytes} bytes", false);
                await file.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
    }
}
