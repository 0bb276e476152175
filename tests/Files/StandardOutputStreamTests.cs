using System.IO.Pipes;

namespace Locutor.Files.Tests;

/// <summary>Descriptors of this process stand in for standard output.</summary>
public sealed class StandardOutputStreamTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reader_that_has_gone_is_an_error()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        var reader = new AnonymousPipeClientStream(PipeDirection.In, pipe.ClientSafePipeHandle);
        using var output = StandardOutputStream.Open((int)pipe.SafePipeHandle.DangerousGetHandle());
        await output.WriteAsync(new byte[] { 1, 2, 3 }, Ct);
        byte[] read = new byte[3];
        await reader.ReadExactlyAsync(read, Ct);
        read.ShouldBe([1, 2, 3]);

        await reader.DisposeAsync();
        (await Should.ThrowAsync<IOException>(async () => await output.WriteAsync(new byte[] { 4 }, Ct))).Message.ShouldBe("Broken pipe");
    }

    [Fact]
    public void What_others_write_to_the_file_stays()
    {
        string path = Path.GetTempFileName();
        try
        {
            using (var file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0))
            {
                int descriptor = (int)file.SafeFileHandle.DangerousGetHandle();
                using (var first = StandardOutputStream.Open(descriptor)) first.Write([1, 2]);
                using (var second = StandardOutputStream.Open(descriptor)) second.Write([3]);
            }

            File.ReadAllBytes(path).ShouldBe([1, 2, 3]);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
