using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Locutor.Media.Processes;

namespace Locutor.TextToSpeech.Engines.Espeak;

/// <summary>
/// The process that speaks texts with <see cref="EspeakLibrary"/>: this program, started again with a hidden verb and the name of a voice.
/// It writes the sample rate to its standard output, and for every text on its standard input the sound and the times of the words.
/// </summary>
public static class EspeakProcess
{
    /// <summary>The hidden verb.</summary>
    internal const string Verb = "espeak-words";

    /// <summary>Time limit for one text.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Largest number of bytes of a text.</summary>
    private const int LongestText = 1 << 16;

    private const int Failed = 1;

    /// <summary>The command that starts the process; null in a program that does not have the hidden verb.</summary>
    internal static IReadOnlyList<string>? Command { get; private set; }

    /// <summary>
    /// Runs the hidden verb if the command line has it. A program that supports the verb calls this first; only then
    /// <see cref="Command"/> is set.
    /// </summary>
    /// <returns>The exit code; null for another command line.</returns>
    public static int? TryRun(string[] args)
    {
        Command = [.. OwnProgram.Command, Verb];
        return args is [Verb, var voice] ? Run(voice) : null;
    }

    private static int Run(string voice)
    {
        try
        {
            using var output = new BinaryWriter(new BufferedStream(Console.OpenStandardOutput(), 1 << 16));
            using var input = new BinaryReader(Console.OpenStandardInput());
            output.Write(EspeakLibrary.Open(voice));
            output.Flush();
            while (ReadText(input) is { } text) Speak(text, output);
            return 0;
        }
        catch (Exception failure) when (failure is DllNotFoundException or InvalidDataException or IOException)
        {
            Console.Error.WriteLine(failure.Message);
            return Failed;
        }
    }

    private static void Speak(byte[] text, BinaryWriter output)
    {
        // A text that makes the library run without end must not leave a process behind, even if its parent has ended.
        using var limit = new Timer(_ => Process.GetCurrentProcess().Kill(), null, Patience, Timeout.InfiniteTimeSpan);
        var (samples, words) = EspeakLibrary.Speak(text);
        output.Write(samples.Count);
        output.Write(words.Count);
        output.Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(samples)));
        foreach (var (position, milliseconds) in words)
        {
            output.Write(position);
            output.Write(milliseconds);
        }
        output.Flush();
    }

    /// <summary>Writes a text in the form that the process reads.</summary>
    internal static byte[] Encode(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return [.. BitConverter.GetBytes(bytes.Length), .. bytes];
    }

    /// <returns>The bytes with a zero at their end; null at the end of the input.</returns>
    private static byte[]? ReadText(BinaryReader input)
    {
        Span<byte> head = stackalloc byte[sizeof(int)];
        if (input.BaseStream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) < head.Length) return null;
        int length = BitConverter.ToInt32(head);
        if (length is < 0 or > LongestText)
            throw new InvalidDataException($"expected a text of at most {LongestText} bytes, found {length}");
        byte[] text = new byte[length + 1];
        input.BaseStream.ReadExactly(text, 0, length);
        return text;
    }
}
