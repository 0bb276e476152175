using Locutor.Media;
using Locutor.Media.Processes;

namespace Locutor.TextToSpeech.Engines;

/// <summary>
/// Runs a speech program once: arguments as a list, text on its standard input, bounded in time and in the size of its output.
/// </summary>
internal static class SpeechTool
{
    private const int LongestOutput = 64 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Returns the standard output of a program.</summary>
    /// <exception cref="SpeechException">The program cannot be started, failed, took too long or wrote too much.</exception>
    public static async Task<byte[]> RunAsync(
        string program, IReadOnlyList<string> arguments, ReadOnlyMemory<byte> input, CancellationToken cancellationToken)
    {
        string name = Path.GetFileName(program);
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(Patience);
        try
        {
            var process = ToolProcess.Start(program, arguments, takesInput: true);
            await using var disposal = process.ConfigureAwait(false);
            using var kill = process.KillOn(timer.Token);
            var reading = ReadAsync(process.Output, name, timer.Token);
            await process.Input.WriteAsync(input, timer.Token).ConfigureAwait(false);
            process.Input.Close();
            byte[] output = await reading.ConfigureAwait(false);
            int code = await process.WaitAsync(timer.Token).ConfigureAwait(false);
            return code == 0
                ? output
                : throw new SpeechException(SpeechFault.EngineFailed, $"{name} ended with code {code}: {process.Complaint("")}");
        }
        catch (MediaException failure)
        {
            throw new SpeechException(SpeechFault.EngineFailed, failure.Message, failure);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new SpeechException(
                SpeechFault.EngineFailed,
                timer.IsCancellationRequested
                    ? $"{name} took longer than {Patience.TotalSeconds:0} s for one sentence"
                    : $"{name}: {failure.Message}",
                failure);
        }
    }

    private static async Task<byte[]> ReadAsync(Stream output, string name, CancellationToken cancellationToken)
    {
        using var all = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = await output.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            if (all.Length + read > LongestOutput)
                throw new SpeechException(SpeechFault.EngineFailed, $"{name} wrote more than {LongestOutput >> 20} MiB for one sentence");
            all.Write(buffer, 0, read);
        }
        return all.ToArray();
    }
}
