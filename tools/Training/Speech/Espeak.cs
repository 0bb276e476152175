using System.Runtime.InteropServices;
using System.Text;

namespace Locutor.Training.Speech;

/// <summary>A phoneme of an utterance, in the International Phonetic Alphabet; empty for a pause.</summary>
/// <param name="Name">The phoneme in IPA, at most 7 bytes of UTF-8.</param>
/// <param name="Start">The index of its first sample.</param>
public readonly record struct SpokenPhoneme(string Name, int Start);

/// <summary>A synthesised utterance: samples from -1 to 1 at <see cref="SampleRate"/>, with the start of every phoneme.</summary>
public sealed record SpokenUtterance(float[] Samples, int SampleRate, IReadOnlyList<SpokenPhoneme> Phonemes);

/// <summary>The voice of an utterance.</summary>
/// <param name="Name">An espeak-ng voice with an optional variant, such as <c>en-us+f3</c>.</param>
/// <param name="WordsPerMinute">The speed in words per minute, 80 to 450.</param>
/// <param name="Pitch">The pitch, 0 to 99.</param>
/// <param name="PitchRange">The range of the pitch, 0 (monotone) to 99.</param>
public readonly record struct SpeakingVoice(string Name, int WordsPerMinute, int Pitch, int PitchRange);

/// <summary>
/// The speech synthesiser of libespeak-ng.so.1 (Debian package espeak-ng). Its callback reports each phoneme with its exact sample.
/// The library keeps its state in global variables, so only one instance can be open at a time.
/// </summary>
public sealed partial class Espeak : IDisposable
{
    private const string Library = "libespeak-ng.so.1";
    private const int Synchronous = 2, PhonemeEvents = 1, PhonemesInIpa = 2, DoNotExit = 1 << 15;
    private const int Utf8 = 1, Rate = 1, PitchParameter = 3, RangeParameter = 4, EventEnd = 0, EventPhoneme = 7;
    private static readonly List<short> Received = [];
    private static readonly List<SpokenPhoneme> Phonemes = [];
    private static readonly SemaphoreSlim Free = new(1);

    // Initialised once per process, since the library cannot be started again after it was terminated.
    private static readonly Lazy<int> Started = new(Start);
    private readonly int sampleRate;
    private bool disposed;

    /// <summary>Opens the synthesiser. It waits until no other instance is open.</summary>
    /// <exception cref="InvalidOperationException">The library espeak-ng or its data is not installed.</exception>
    public Espeak()
    {
        sampleRate = Started.Value;
        Free.Wait();
    }

    /// <summary>Synthesises one text.</summary>
    /// <exception cref="ArgumentException">There is no such voice.</exception>
    public unsafe SpokenUtterance Speak(string text, SpeakingVoice voice)
    {
        if (SetVoiceByName(voice.Name) != 0) throw new ArgumentException($"espeak-ng has no voice {voice.Name}", nameof(voice));
        _ = SetParameter(Rate, voice.WordsPerMinute, 0);
        _ = SetParameter(PitchParameter, voice.Pitch, 0);
        _ = SetParameter(RangeParameter, voice.PitchRange, 0);
        Received.Clear();
        Phonemes.Clear();
        byte[] bytes = [.. Encoding.UTF8.GetBytes(text), 0];
        int error;
        fixed (byte* start = bytes) error = Synth(start, (nuint)bytes.Length, 0, 0, 0, Utf8, null, null);
        if (error != 0) throw new InvalidOperationException($"espeak-ng refused to speak with {voice.Name}: error {error}");
        _ = Synchronize();
        return new SpokenUtterance([.. Received.Select(s => s / 32768f)], sampleRate, [.. Phonemes]);
    }

    /// <summary>The folder of the data that is in use.</summary>
    public static unsafe string DataFolder
    {
        get
        {
            _ = Started.Value;
            byte* path;
            _ = Info(&path);
            return Marshal.PtrToStringUTF8((nint)path) ?? "";
        }
    }

    /// <summary>Uses the data of another folder from the next utterance on. Voices are read anew for each.</summary>
    public static void UseData(string folder)
    {
        _ = Started.Value;
        InitializePath(folder);
    }

    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        Free.Release();
    }

    private static unsafe int Start()
    {
        try
        {
            int rate = Initialize(Synchronous, 0, null, PhonemeEvents | PhonemesInIpa | DoNotExit);
            if (rate <= 0) throw new InvalidOperationException($"espeak-ng did not start: expected a sample rate, found {rate}");
            SetSynthCallback(&Receive);
            return rate;
        }
        catch (DllNotFoundException e)
        {
            throw new InvalidOperationException($"{Library} was not found: install the package espeak-ng", e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static unsafe int Receive(short* samples, int count, Event* events)
    {
        for (var e = events; e != null && e->Type != EventEnd; e++)
        {
            if (e->Type != EventPhoneme) continue;
            var name = new ReadOnlySpan<byte>(e->Name, 8);
            int end = name.IndexOf((byte)0);
            Phonemes.Add(new SpokenPhoneme(Encoding.UTF8.GetString(end < 0 ? name : name[..end]), e->Sample));
        }
        if (samples != null) Received.AddRange(new ReadOnlySpan<short>(samples, count));
        return 0;
    }

    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Event
    {
        public int Type;
        public uint Identifier;
        public int TextPosition, Length, Milliseconds, Sample;
        public void* User;
        public fixed byte Name[8];
    }

    [LibraryImport(Library, EntryPoint = "espeak_Initialize")]
    private static unsafe partial int Initialize(int output, int bufferLength, byte* path, int options);

    [LibraryImport(Library, EntryPoint = "espeak_Info")]
    private static unsafe partial byte* Info(byte** path);

    [LibraryImport(Library, EntryPoint = "espeak_ng_InitializePath", StringMarshalling = StringMarshalling.Utf8)]
    private static partial void InitializePath(string path);

    [LibraryImport(Library, EntryPoint = "espeak_SetSynthCallback")]
    private static unsafe partial void SetSynthCallback(delegate* unmanaged[Cdecl]<short*, int, Event*, int> callback);

    [LibraryImport(Library, EntryPoint = "espeak_SetVoiceByName", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVoiceByName(string name);

    [LibraryImport(Library, EntryPoint = "espeak_SetParameter")]
    private static partial int SetParameter(int parameter, int value, int relative);

    [LibraryImport(Library, EntryPoint = "espeak_Synth")]
    private static unsafe partial int Synth(
        byte* text, nuint size, uint position, int positionType, uint endPosition, uint flags, uint* identifier, void* user);

    [LibraryImport(Library, EntryPoint = "espeak_Synchronize")]
    private static partial int Synchronize();
}
