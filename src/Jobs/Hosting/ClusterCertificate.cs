using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Locutor.Files;

namespace Locutor.Jobs.Hosting;

/// <summary>
/// The certificate that all nodes and workers of a cluster share. Both ends of a connection present it and accept no other certificate.
/// Therefore every process that can read the file belongs to the cluster, and no other process can join.
/// </summary>
public sealed class ClusterCertificate : IDisposable
{
    /// <summary>The name of the file in the data folder.</summary>
    public const string FileName = "cluster.pem";

    /// <summary>Advice for a user whose file has a fault (<see cref="FindFault"/>).</summary>
    public const string Advice = "make one with 'locutor cluster init', and copy the same file to every node and worker";

    private const string Name = "locutor cluster";

    private ClusterCertificate(X509Certificate2 certificate, string file) => (Certificate, File) = (certificate, file);

    public string File { get; }

    /// <summary>The SHA-1 of the certificate, for people who compare two files.</summary>
    public string Thumbprint => Certificate.Thumbprint;

    internal X509Certificate2 Certificate { get; }

    /// <summary>Creates a certificate with a new key. The file appears complete, and only its owner may read it.</summary>
    /// <exception cref="IOException">The file exists.</exception>
    public static void Create(string file)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={Name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(20));
        using var written = AtomicFile.Create(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using (var stream = written.Open())
        {
            stream.Write(
                System.Text.Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n"));
        }
        written.Commit(durable: true, overwrite: false);
    }

    /// <exception cref="IOException">The file is missing or holds no certificate with its key; the message tells what to do.</exception>
    public static ClusterCertificate Load(string file)
    {
        try
        {
            return new ClusterCertificate(X509Certificate2.CreateFromPemFile(file), file);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException)
        {
            throw new IOException($"{Describe(file, exception)}; {Advice}", exception);
        }
    }

    /// <summary>Returns why a file cannot be used as the certificate of a cluster; null if it can.</summary>
    public static string? FindFault(string file)
    {
        try
        {
            X509Certificate2.CreateFromPemFile(file).Dispose();
            return null;
        }
        catch (Exception exception) when (exception is CryptographicException or IOException)
        {
            return Describe(file, exception);
        }
    }

    /// <summary>
    /// Loads the certificate, or creates it when the file does not exist. Two services that start at once end up with one certificate.
    /// </summary>
    public static ClusterCertificate LoadOrCreate(string file)
    {
        try
        {
            if (!System.IO.File.Exists(file))
                Create(file);
        }
        catch (IOException) when (System.IO.File.Exists(file))
        {
            // Another service created the file in the meantime.
        }
        return Load(file);
    }

    /// <summary>Returns whether the other end of a connection presented this certificate.</summary>
    public bool Matches(X509Certificate? other) =>
        other is not null && CryptographicOperations.FixedTimeEquals(other.GetRawCertData(), Certificate.RawData);

    public void Dispose() => Certificate.Dispose();

    private static string Describe(string file, Exception exception) => System.IO.File.Exists(file)
        ? $"{file} is not a certificate of a cluster ({exception.Message})"
        : $"there is no {file}, the certificate of the cluster";
}
