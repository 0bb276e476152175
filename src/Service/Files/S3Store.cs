using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Locutor.Files;
using Locutor.Jobs.Records;
using Locutor.Service.Settings;

namespace Locutor.Service.Files;

/// <summary>A file store in a bucket of Amazon S3 or a compatible server. The data folder holds only unfinished work.</summary>
public sealed class S3Store : IFileStore, IDisposable
{
    private const long PartBytes = 16 << 20;

    private readonly DataFolder folder;
    private readonly string bucket;
    private readonly string prefix;
    private readonly AmazonS3Client client;

    public S3Store(DataFolder folder, ServeSettings settings)
    {
        this.folder = folder;
        bucket = settings.S3Bucket!;
        prefix = settings.S3Prefix.Length == 0 || settings.S3Prefix.EndsWith('/') ? settings.S3Prefix : settings.S3Prefix + "/";
        var config = new AmazonS3Config
        {
            AuthenticationRegion = settings.S3Region,
            // Some compatible servers support neither the newer checksums nor bucket names in the host name.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            ForcePathStyle = settings.S3Endpoint is not null,
            Timeout = TimeSpan.FromSeconds(60),
            MaxErrorRetry = 3,
        };
        if (settings.S3Endpoint is { } endpoint)
            config.ServiceURL = endpoint;
        else
            config.RegionEndpoint = Amazon.RegionEndpoint.GetBySystemName(settings.S3Region);
        // Without a key in the settings the store uses the default AWS credentials: environment, profile, or the machine's role.
        client = settings.S3AccessKey is { } key
            ? new AmazonS3Client(new BasicAWSCredentials(key, settings.S3SecretKey ?? ""), config)
            : new AmazonS3Client(config);
    }

    public string Name => $"bucket {bucket}";

    public bool SharesWork => false;

    public async Task KeepAsync(string file, string path, string contentType, CancellationToken cancellationToken)
    {
        // Readers see the whole object or none, also in a multipart upload. Bodies are sent without signed chunks, which some servers lack.
        long length = new FileInfo(file).Length;
        if (length > PartBytes)
        {
            await PutInPartsAsync(file, length, prefix + path, contentType, cancellationToken);
        }
        else
        {
            await client.PutObjectAsync(
                new PutObjectRequest
                {
                    BucketName = bucket,
                    Key = prefix + path,
                    FilePath = file,
                    ContentType = contentType,
                    UseChunkEncoding = false,
                },
                cancellationToken);
        }

        File.Delete(file);
    }

    public async Task<string> OnDiskAsync(string path, string folder, CancellationToken cancellationToken)
    {
        string copy = Path.Combine(folder, Path.GetFileName(path));
        if (File.Exists(copy))
            return copy;
        string aside = this.folder.Aside();
        try
        {
            await using (var file = File.Create(aside))
            {
                if (!await CopyAsync(path, file, cancellationToken))
                    throw new FileNotFoundException($"{path} is not in the {Name}");
            }
            Directory.CreateDirectory(folder);
            AtomicFile.Rename(aside, copy);
            return copy;
        }
        finally
        {
            File.Delete(aside);
        }
    }

    public async Task<byte[]?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        return await CopyAsync(path, content, cancellationToken) ? content.ToArray() : null;
    }

    /// <summary>
    /// Copies a whole object with one request; false when it does not exist. A response that ends early is an error.
    /// </summary>
    private async Task<bool> CopyAsync(string path, Stream to, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await client.GetObjectAsync(bucket, prefix + path, cancellationToken);
            await response.ResponseStream.CopyToAsync(to, cancellationToken);
            if (to.Length != response.ContentLength)
                throw new EndOfStreamException($"{path} ended at byte {to.Length}, expected {response.ContentLength}");
            return true;
        }
        catch (AmazonS3Exception missing) when (missing.StatusCode is System.Net.HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    public async Task<Stream?> OpenAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            var about = await client.GetObjectMetadataAsync(bucket, prefix + path, cancellationToken);
            return new S3Stream(client, bucket, prefix + path, about.ContentLength);
        }
        catch (AmazonS3Exception missing) when (missing.StatusCode is System.Net.HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    public async Task<IReadOnlyDictionary<string, DateTimeOffset>> WrittenAsync(CancellationToken cancellationToken)
    {
        var written = folder.Written();
        foreach (string? kind in new[] { "inputs/", "results/" })
        {
            await foreach (var one in ListAsync(kind, cancellationToken))
            {
                string id = one.Key[(prefix.Length + kind.Length)..].Split('/')[0];
                var at = new DateTimeOffset((one.LastModified ?? DateTime.UtcNow).ToUniversalTime());
                if (JobId.IsValid(id) && (!written.TryGetValue(id, out var known) || known < at))
                    written[id] = at;
            }
        }
        return written;
    }

    public async Task RemoveAsync(string jobId, CancellationToken cancellationToken)
    {
        folder.Remove(jobId);
        foreach (string? path in new[] { DataFolder.InputPath(jobId, ""), DataFolder.ResultPath(jobId, "") })
        {
            await foreach (var one in ListAsync(path, cancellationToken))
                await client.DeleteObjectAsync(bucket, one.Key, cancellationToken);
        }
    }

    private ConfiguredCancelableAsyncEnumerable<S3Object> ListAsync(string path, CancellationToken cancellationToken) =>
        client.Paginators.ListObjectsV2(
            new ListObjectsV2Request { BucketName = bucket, Prefix = prefix + path }).S3Objects.WithCancellation(cancellationToken);

    private async Task PutInPartsAsync(string file, long length, string key, string contentType, CancellationToken cancellationToken)
    {
        var upload = await client.InitiateMultipartUploadAsync(
            new InitiateMultipartUploadRequest { BucketName = bucket, Key = key, ContentType = contentType }, cancellationToken);
        try
        {
            // S3 allows at most 10,000 parts per object.
            long size = Math.Max(PartBytes, length / 9_000);
            var parts = new List<PartETag>();
            for (long from = 0; from < length; from += size)
            {
                var part = await client.UploadPartAsync(new UploadPartRequest
                {
                    BucketName = bucket,
                    Key = key,
                    UploadId = upload.UploadId,
                    PartNumber = parts.Count + 1,
                    FilePath = file,
                    FilePosition = from,
                    PartSize = Math.Min(size, length - from),
                    UseChunkEncoding = false,
                }, cancellationToken);
                parts.Add(new PartETag(parts.Count + 1, part.ETag));
            }
            await client.CompleteMultipartUploadAsync(
                new CompleteMultipartUploadRequest { BucketName = bucket, Key = key, UploadId = upload.UploadId, PartETags = parts },
                cancellationToken);
        }
        catch
        {
            await client.AbortMultipartUploadAsync(bucket, key, upload.UploadId, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Writes, reads and removes a small object, to check that the bucket works.</summary>
    public async Task TryOutAsync(CancellationToken cancellationToken)
    {
        string aside = folder.Aside();
        await File.WriteAllTextAsync(aside, "locutor", cancellationToken);
        string id = JobId.New();
        try
        {
            await KeepAsync(aside, DataFolder.InputPath(id, "check.txt"), "text/plain", cancellationToken);
            await using var back = await OpenAsync(DataFolder.InputPath(id, "check.txt"), cancellationToken);
            if (back?.Length != 7)
            {
                throw new IOException(
                    "expected an object of 7 bytes, found " +
                    $"{back?.Length.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none"}");
            }
        }
        finally
        {
            File.Delete(aside);
            await RemoveAsync(id, cancellationToken);
        }
    }

    public void Dispose()
    {
        client.Dispose();
    }
}
