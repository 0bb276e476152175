using System.Runtime.CompilerServices;
using Locutor.Checkpoints;
using Locutor.Files;
using Locutor.Generation.Guard;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Kernels.Arithmetic;
using Locutor.Media;
using Locutor.Models;
using Locutor.TextToSpeech.Engines;
using Locutor.Torch;
using Locutor.Torch.Cuda;

namespace Locutor;

/// <summary>
/// Runs long work on the thread pool, away from the caller's thread, and converts known exceptions to <see cref="LocutorException"/>.
/// </summary>
internal static class Failures
{
    /// <summary>Runs work on the thread pool.</summary>
    /// <param name="work">The work.</param>
    /// <param name="restoreNames">Replaces temporary paths in a message by the names that the caller gave.</param>
    /// <exception cref="LocutorException">The work failed.</exception>
    public static async Task<T> RunAsync<T>(Func<Task<T>> work, Func<string, string>? restoreNames = null)
    {
        try
        {
            return await Task.Run(work).ConfigureAwait(false);
        }
        catch (Exception failure) when (Translate(failure, restoreNames) is { } known)
        {
            throw known;
        }
    }

    /// <summary>Returns the items of a sequence, each computed on the thread pool.</summary>
    /// <param name="work">The sequence.</param>
    /// <param name="restoreNames">Replaces temporary paths in a message by the names that the caller gave.</param>
    /// <param name="cancellationToken">Cancels the sequence.</param>
    /// <exception cref="LocutorException">The sequence failed.</exception>
    public static async IAsyncEnumerable<T> RunAsync<T>(
        IAsyncEnumerable<T> work, Func<string, string> restoreNames, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var items = work.GetAsyncEnumerator(cancellationToken);
        await using var disposal = items.ConfigureAwait(false);
        while (await RunAsync(async () => await items.MoveNextAsync().ConfigureAwait(false), restoreNames).ConfigureAwait(false))
            yield return items.Current;
    }

    /// <summary>Returns the exception for users; null for an exception that has no place among them, such as a cancellation.</summary>
    /// <param name="failure">The exception that was thrown.</param>
    /// <param name="restoreNames">Replaces temporary paths in the message by the names that the caller gave.</param>
    public static LocutorException? Translate(Exception failure, Func<string, string>? restoreNames = null)
    {
        if (Reason(failure) is not { } error) return null;
        string message = restoreNames?.Invoke(failure.Message) ?? failure.Message;
        if (failure is not RequestException request) return new(error, message, failure);
        var errors = request.Errors.ToDictionary(
            pair => RequestMapping.PropertyOf(pair.Key), pair => (IReadOnlyList<string>)[.. pair.Value], StringComparer.Ordinal);
        return new(
            error, string.Join("; ", errors.SelectMany(pair => pair.Value.Select(reason => $"{pair.Key}: {reason}"))),
            failure)
        { Errors = errors };
    }

    private static LocutorError? Reason(Exception failure) => failure switch
    {
        RequestException => LocutorError.InvalidRequest,
        SpeechException { Fault: SpeechFault.TooLong } => LocutorError.InvalidInput,
        SpeechException => LocutorError.MissingDependency,
        MediaException { Code: MediaErrorCodes.OutputFailed } => LocutorError.OutputFailed,
        MediaException { Code: MediaErrorCodes.Internal } => LocutorError.MissingDependency,
        MediaException => LocutorError.InvalidInput,
        TemporaryFileException => LocutorError.OutputFailed,
        BundleException or CheckpointException => LocutorError.ModelUnavailable,
        DeviceOutOfMemoryException => LocutorError.OutOfMemory,
        WrongResultException or WrongArithmeticException => LocutorError.WrongResult,
        DeviceUnavailableException or GpuCapabilityException or DllNotFoundException => LocutorError.MissingDependency,
        TypeInitializationException { InnerException: { } inner } => Reason(inner),
        _ => null,
    };
}
