using System.Runtime.InteropServices;
using Locutor.Media;
using Locutor.Media.Processes;
using Locutor.Media.Sound;

namespace Locutor.TextToSpeech.Engines.Espeak;

/// <summary>A running <see cref="EspeakProcess"/>. Its output is bounded and checked.</summary>
internal sealed class EspeakSession : IAsyncDisposable
{
    private const int HighestRate = 192_000, MostWords = 1 << 16;

    private readonly ToolProcess process;
    private readonly Voice voice;
    private int rate;

    private EspeakSession(ToolProcess process, Voice voice) => (this.process, this.voice) = (process, voice);

    internal int ProcessId => process.Id;

    /// <summary>Starts the process.</summary>
    /// <param name="command">Starts the process.</param>
    /// <param name="voice">The voice.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="SpeechException">The process cannot be started, or the library cannot be used.</exception>
    public static async Task<EspeakSession> StartAsync(
        IReadOnlyList<string> command, Voice voice, CancellationToken cancellationToken)
    {
        EspeakSession? session = null;
        try
        {
            session = new EspeakSession(ToolProcess.Start(command[0], [.. command.Skip(1), voice.Name], takesInput: true), voice);
            session.rate = await session
                .ExchangeAsync(async timed => BitConverter.ToInt32(await session.ReadAsync(sizeof(int), timed).ConfigureAwait(false)),
                    cancellationToken).ConfigureAwait(false);
            return session.rate is > 0 and <= HighestRate ? session : throw session.Failed($"its sound has {session.rate} Hz");
        }
        catch (Exception failure)
        {
            if (session is not null) await session.DisposeAsync().ConfigureAwait(false);
            if (failure is MediaException) throw new SpeechException(SpeechFault.EngineFailed, failure.Message, failure);
            throw;
        }
    }

    /// <summary>Speaks a passage. After a failure the session can only be disposed.</summary>
    /// <exception cref="SpeechException">The synthesis failed, took too long or crashed.</exception>
    public Task<Speech> SpeakAsync(string passage, CancellationToken cancellationToken) => ExchangeAsync(
        async timed =>
        {
            await process.Input.WriteAsync(EspeakProcess.Encode(passage), timed).ConfigureAwait(false);
            await process.Input.FlushAsync(timed).ConfigureAwait(false);
            byte[] head = await ReadAsync(2 * sizeof(int), timed).ConfigureAwait(false);
            int samples = BitConverter.ToInt32(head), words = BitConverter.ToInt32(head, sizeof(int));
            if (samples is < 0 or > EspeakLibrary.MostSamples || words is < 0 or > MostWords)
                throw Failed($"it wrote {samples} samples and {words} words for one sentence");
            byte[] sound = await ReadAsync(samples * sizeof(short), timed).ConfigureAwait(false);
            byte[] marks = await ReadAsync(words * 2 * sizeof(int), timed).ConfigureAwait(false);
            return new Speech(passage, new Waveform(rate, Samples(sound)), Marks(passage, MemoryMarshal.Cast<byte, int>(marks)));
        },
        cancellationToken);

    public ValueTask DisposeAsync() => process.DisposeAsync();

    private static float[] Samples(byte[] sound)
    {
        var numbers = MemoryMarshal.Cast<byte, short>(sound);
        float[] samples = new float[numbers.Length];
        for (int i = 0; i < samples.Length; i++) samples[i] = numbers[i] / 32768f;
        return samples;
    }

    /// <summary>
    /// Converts pairs to marks. A pair has the index of a character, which the library counts in Unicode code points, and a time in
    /// milliseconds.
    /// </summary>
    private static List<WordMark> Marks(string passage, ReadOnlySpan<int> pairs)
    {
        var indices = new List<int>();
        int index = 0;
        foreach (var rune in passage.EnumerateRunes())
        {
            indices.Add(index);
            index += rune.Utf16SequenceLength;
        }
        var marks = new List<WordMark>();
        for (int i = 0; i < pairs.Length; i += 2)
        {
            double seconds = pairs[i + 1] / 1000.0;
            if (pairs[i] >= 0 && pairs[i] < indices.Count && (marks.Count == 0 ? seconds >= 0 : seconds >= marks[^1].Seconds))
                marks.Add(new WordMark(indices[pairs[i]], seconds));
        }
        return marks;
    }

    private async Task<byte[]> ReadAsync(int count, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[count];
        await process.Output.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
        return bytes;
    }

    /// <summary>Runs one exchange with the process within the time limit. If the process ends meanwhile, it has failed.</summary>
    private async Task<T> ExchangeAsync<T>(Func<CancellationToken, Task<T>> exchange, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(EspeakProcess.Patience);
        using var kill = process.KillOn(timer.Token);
        try
        {
            return await exchange(timer.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (timer.IsCancellationRequested)
                throw Failed($"it took longer than {EspeakProcess.Patience.TotalSeconds:0} s for one sentence", failure);
            int code = await process.WaitAsync(cancellationToken).ConfigureAwait(false);
            throw Failed($"it ended with code {code}: {process.Complaint("")}", failure);
        }
    }

    private SpeechException Failed(string reason, Exception? inner = null) =>
        new(SpeechFault.EngineFailed, $"{voice.FullName}: {reason}", inner);
}
