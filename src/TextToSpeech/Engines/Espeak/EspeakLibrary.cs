using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Locutor.TextToSpeech.Engines.Espeak;

/// <summary>
/// The shared library of espeak-ng, whose events report the start of each word. Its state is global and a fault in it ends the process, so
/// only <see cref="EspeakProcess"/> uses it.
/// </summary>
internal static unsafe class EspeakLibrary
{
    /// <summary>Longest sound of one passage in samples.</summary>
    public const int MostSamples = 32 << 20;

    private static readonly string[] Names =
        ["libespeak-ng.so.1", "libespeak-ng.so", "libespeak-ng.1.dylib", "libespeak-ng.dylib", "libespeak-ng.dll", "espeak-ng.dll"];

    private const int Synchronous = 2, ReturnErrors = 0x8000, Utf8 = 1, ByCharacter = 1, EndPause = 0x1000, WordEvent = 1;

    private static readonly List<short> Samples = [];
    private static readonly List<(int Position, int Milliseconds)> Words = [];
    private static delegate* unmanaged[Cdecl]<byte*, nuint, uint, int, uint, uint, uint*, void*, int> synthesise;

    /// <summary>Loads the library and chooses a voice.</summary>
    /// <returns>The sample rate in Hz.</returns>
    /// <exception cref="DllNotFoundException">The library or its data is missing, or it does not have the voice.</exception>
    public static int Open(string voice)
    {
        nint library = 0;
        if (!Names.Any(name => NativeLibrary.TryLoad(name, out library)))
            throw new DllNotFoundException($"the library {Names[0]} is not installed");
        try
        {
            var initialise = (delegate* unmanaged[Cdecl]<int, int, byte*, int, int>)NativeLibrary.GetExport(library, "espeak_Initialize");
            var receive = (delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<short*, int, Event*, int>, void>)
                NativeLibrary.GetExport(library, "espeak_SetSynthCallback");
            synthesise = (delegate* unmanaged[Cdecl]<byte*, nuint, uint, int, uint, uint, uint*, void*, int>)
                NativeLibrary.GetExport(library, "espeak_Synth");
            int rate = initialise(Synchronous, 0, null, ReturnErrors);
            if (rate <= 0) throw new DllNotFoundException($"{Names[0]} does not find its data");
            Choose(library, voice);
            receive(&Receive);
            return rate;
        }
        catch (EntryPointNotFoundException other)
        {
            throw new DllNotFoundException($"{Names[0]} has another interface: {other.Message}", other);
        }
    }

    /// <summary>Chooses a voice as the program espeak-ng does: by its name, or, if no voice has that name, by its language.</summary>
    private static void Choose(nint library, string voice)
    {
        var byName = (delegate* unmanaged[Cdecl]<byte*, int>)NativeLibrary.GetExport(library, "espeak_SetVoiceByName");
        var byLanguage = (delegate* unmanaged[Cdecl]<Properties*, int>)NativeLibrary.GetExport(library, "espeak_SetVoiceByProperties");
        fixed (byte* name = Encoding.UTF8.GetBytes(voice + '\0'))
        {
            var properties = new Properties { Languages = name };
            if (byName(name) != 0 && byLanguage(&properties) != 0) throw new DllNotFoundException($"{Names[0]} has no voice {voice}");
        }
    }

    /// <summary>Speaks a text. Symbols of markup and phonemes in it are spoken as text.</summary>
    /// <param name="text">The text in UTF-8, with a zero at its end.</param>
    /// <returns>The sound, and for each word the number of its first character, counted from 0, and its time.</returns>
    /// <exception cref="InvalidDataException">The synthesis failed, or its sound is too long.</exception>
    public static (List<short> Samples, List<(int Position, int Milliseconds)> Words) Speak(byte[] text)
    {
        Samples.Clear();
        Words.Clear();
        int failure;
        fixed (byte* bytes = text) failure = synthesise(bytes, (nuint)text.Length, 0, ByCharacter, 0, Utf8 | EndPause, null, null);
        if (failure != 0) throw new InvalidDataException($"the synthesis failed with code {failure}");
        return Samples.Count <= MostSamples
            ? (Samples, Words)
            : throw new InvalidDataException($"one sentence became more than {MostSamples} samples");
    }

    /// <summary>Receives a piece of sound and the events that begin in it.</summary>
    /// <returns>0 to continue, 1 to stop.</returns>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Receive(short* samples, int count, Event* events)
    {
        if (samples is not null && count > 0) Samples.AddRange(new ReadOnlySpan<short>(samples, count));
        for (; events is not null && events->Type != 0; events++)
            if (events->Type == WordEvent && events->Length > 0) Words.Add((events->TextPosition - 1, events->AudioPosition));
        return Samples.Count > MostSamples ? 1 : 0;
    }

    /// <summary>The structure <c>espeak_VOICE</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Properties
    {
        public byte* Name;
        public byte* Languages;
        public byte* Identifier;
        public byte Gender, Age, Variant, Unused;
        public int Score;
        public nint Spare;
    }

    /// <summary>The structure <c>espeak_EVENT</c>; a list of them ends with type 0.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Event
    {
        public readonly int Type;
        public readonly uint Identifier;
        public readonly int TextPosition; // counted from 1, in characters of Unicode
        public readonly int Length;
        public readonly int AudioPosition; // in milliseconds
        public readonly int Sample;
        public readonly nint UserData;
        public readonly long Value;
    }
}
