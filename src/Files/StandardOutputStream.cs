using System.Runtime.InteropServices;

namespace Locutor.Files;

/// <summary>
/// Standard output for data. Unlike the stream of <see cref="Console"/>, which drops what is written after the reader has gone, it fails
/// then. It writes at the place where the descriptor stands, so that a file which other programs write too, or append to, stays whole.
/// </summary>
public sealed partial class StandardOutputStream : Stream
{
    private const int Descriptor = 1;
    private static readonly int Busy = OperatingSystem.IsLinux() ? 11 : 35; // EAGAIN
    private readonly int descriptor;

    private StandardOutputStream(int descriptor) => this.descriptor = descriptor;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Opens standard output. Disposing the stream does not close it.</summary>
    public static Stream Open() => OperatingSystem.IsWindows() ? Console.OpenStandardOutput() : new StandardOutputStream(Descriptor);

    /// <summary>Writes to a descriptor as to standard output.</summary>
    internal static Stream Open(int descriptor) => new StandardOutputStream(descriptor);

    /// <exception cref="IOException">The reader has gone, or the disk refuses.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            int written = WriteSome(descriptor, ref MemoryMarshal.GetReference(buffer), buffer.Length);
            if (written >= 0) buffer = buffer[written..];
            else if (Marshal.GetLastPInvokeError() == Busy) Thread.Sleep(5); // the other end made it a descriptor that does not wait
            else throw new IOException(Marshal.GetLastPInvokeErrorMessage());
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>The write function of the .NET runtime, which begins again after a signal.</summary>
    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_Write", SetLastError = true)]
    private static partial int WriteSome(nint descriptor, ref byte bytes, int count);
}
