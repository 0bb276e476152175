using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Locutor.Jobs.Hosting;

/// <summary>
/// The certificate that all nodes and workers of a cluster share. Each end of a connection shows it and accepts no other, so whoever can
/// read the file belongs to the cluster, and nobody else.
/// </summary>
public sealed class ClusterCertificate : IDisposable
{
    /// <summary>Name in the data folder.</summary>
    public const string FileName = "cluster.pem";

    private const string Name = "locutor cluster";

    private ClusterCertificate(X509Certificate2 certificate, string file) => (Certificate, File) = (certificate, file);

    public string File { get; }

    /// <summary>SHA-1 of the certificate, to compare it by eye.</summary>
    public string Thumbprint => Certificate.Thumbprint;

    internal X509Certificate2 Certificate { get; }

    /// <summary>Makes a certificate with a new key; the file is whole when it appears, and only its owner may read it.</summary>
    /// <exception cref="IOException">The file exists.</exception>
    public static void Create(string file)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={Name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(20));
        var aside = $"{file}.{Guid.NewGuid():N}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(aside, options))
            stream.Write(System.Text.Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n"));
        try
        {
            System.IO.File.Move(aside, file);
        }
        finally
        {
            System.IO.File.Delete(aside);
        }
    }

    /// <exception cref="IOException">The file is missing or holds no certificate with its key; the message says what to do.</exception>
    public static ClusterCertificate Load(string file)
    {
        try
        {
            return new ClusterCertificate(X509Certificate2.CreateFromPemFile(file), file);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException)
        {
            throw new IOException($"{file} is no certificate of a cluster ({exception.Message}); make one with 'locutor cluster init', and copy the same file to every node and worker", exception);
        }
    }

    /// <summary>The certificate of the file, which is made if it is not there. Two services that start together take the same one.</summary>
    public static ClusterCertificate LoadOrCreate(string file)
    {
        try
        {
            if (!System.IO.File.Exists(file))
                Create(file);
        }
        catch (IOException) when (System.IO.File.Exists(file))
        {
            // Another service was faster.
        }
        return Load(file);
    }

    /// <summary>Whether the other end showed this certificate.</summary>
    public bool Matches(X509Certificate? other) => other is not null && CryptographicOperations.FixedTimeEquals(other.GetRawCertData(), Certificate.RawData);

    public void Dispose() => Certificate.Dispose();
}
