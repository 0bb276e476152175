using Locutor.TextToSpeech;

namespace Locutor;

/// <summary>A picture, a source video or a voice: a file, the contents of a file, or a text that is spoken.</summary>
/// <remarks>
/// Sounds and videos may have every format that ffmpeg reads; pictures may be JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF. The format is
/// detected from the contents, not from the name. A path is converted implicitly, so <c>new TalkingVideoRequest("face.png",
/// "voice.wav")</c> works.
/// </remarks>
public sealed class MediaInput
{
    private readonly Func<Stream>? open;

    private MediaInput(string name, Func<Stream>? open) => (Name, this.open) = (name, open);

    /// <summary>The path of the file, or the name that messages use for contents from memory or from a stream.</summary>
    public string Name { get; }

    /// <summary>Whether this is a file on disk, which is read in place.</summary>
    internal bool IsFile => open is null && Text is null;

    /// <summary>The text that is spoken; null for a file or contents.</summary>
    internal SpokenText? Text { get; private init; }

    /// <summary>Creates an input from a file.</summary>
    /// <param name="path">Path of the file, absolute or relative to the current folder. It is opened when the video is made.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    public static MediaInput FromFile(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return new(path, null);
    }

    /// <summary>Creates an input from bytes in memory, in any format that a file may have.</summary>
    /// <param name="contents">The bytes of a whole file. They are read when the video is made and must not change before.</param>
    /// <param name="name">The name of the input in messages, such as <c>upload.png</c>.</param>
    /// <exception cref="ArgumentException"><paramref name="contents"/> or <paramref name="name"/> is empty.</exception>
    public static MediaInput FromBytes(ReadOnlyMemory<byte> contents, string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (contents.IsEmpty) throw new ArgumentException($"{name}: expected the bytes of a file, found none", nameof(contents));
        return new(name, () => new MemoryStream(contents.ToArray(), writable: false));
    }

    /// <summary>Creates an input from a stream, which is read to its end once and is not disposed.</summary>
    /// <param name="contents">A readable stream of at most 2 GiB. It is copied to a temporary file when the video is made.</param>
    /// <param name="name">The name of the input in messages, such as <c>upload.png</c>.</param>
    /// <exception cref="ArgumentException">The stream cannot be read, or <paramref name="name"/> is empty.</exception>
    public static MediaInput FromStream(Stream contents, string name)
    {
        ArgumentNullException.ThrowIfNull(contents);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (!contents.CanRead) throw new ArgumentException($"{name}: expected a stream that can be read", nameof(contents));
        return new(name, () => new Borrowed(contents));
    }

    /// <summary>Creates a voice that speaks a text. It can be used for <see cref="TalkingVideoRequest.Audio"/> only.</summary>
    /// <param name="text">
    /// Plain text of up to 20,000 characters. In a dialogue of two people, lines begin with <c>A:</c> and <c>B:</c>, and
    /// <see cref="TalkingVideoRequest.SecondAudio"/> stays null.
    /// </param>
    /// <param name="voice">Name of a voice from <see cref="SpeechVoice.ListAsync"/>; null for the first one.</param>
    /// <param name="secondVoice">Name of the voice for lines that begin with <c>B:</c>; null for another voice of the same engine.</param>
    /// <exception cref="ArgumentException"><paramref name="text"/> has no words, is too long, or is SSML.</exception>
    public static MediaInput FromText(string text, string? voice = null, string? secondVoice = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new("the text", null) { Text = new(Script.Parse(text), voice, secondVoice) };
    }

    /// <summary>Converts a path to an input, as <see cref="FromFile"/>.</summary>
    /// <param name="path">Path of the file.</param>
    public static implicit operator MediaInput(string path) => FromFile(path);

    /// <summary>Returns <see cref="Name"/>.</summary>
    public override string ToString() => Name;

    /// <summary>Opens the contents of bytes or a stream; the caller disposes the result.</summary>
    internal Stream Open() => open!();

    /// <summary>Reads a stream of the caller and leaves it open when this stream is disposed.</summary>
    private sealed class Borrowed(Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            inner.ReadAsync(buffer, cancellationToken);

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
