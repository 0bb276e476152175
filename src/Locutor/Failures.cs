using System.Runtime.CompilerServices;
using Locutor.Checkpoints;
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
/// Turns the exceptions of the parts inside into <see cref="LocutorException"/>, and keeps long work away from the caller's thread.
/// </summary>
internal static class Failures
{
    /// <summary>Runs work on the thread pool.</summary>
    /// <exception cref="LocutorException">The work failed.</exception>
    public static async Task<T> RunAsync<T>(Func<Task<T>> work, Func<string, string>? named = null)
    {
        try
        {
            return await Task.Run(work).ConfigureAwait(false);
        }
        catch (Exception failure) when (Translate(failure, named) is { } known)
        {
            throw known;
        }
    }

    /// <summary>Passes on a sequence that is computed on the thread pool.</summary>
    /// <exception cref="LocutorException">The sequence failed.</exception>
    public static async IAsyncEnumerable<T> RunAsync<T>(
        IAsyncEnumerable<T> work, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var items = work.GetAsyncEnumerator(cancellationToken);
        await using var disposal = items.ConfigureAwait(false);
        while (await RunAsync(async () => await items.MoveNextAsync().ConfigureAwait(false)).ConfigureAwait(false))
            yield return items.Current;
    }

    /// <summary>The exception for users; null for one that is not known, such as a cancellation.</summary>
    /// <param name="failure">The exception that was thrown.</param>
    /// <param name="named">Puts the names that the caller gave in place of temporary paths.</param>
    public static LocutorException? Translate(Exception failure, Func<string, string>? named = null)
    {
        if (Reason(failure) is not { } error) return null;
        string message = named?.Invoke(failure.Message) ?? failure.Message;
        if (failure is not RequestException request) return new(error, message, failure);
        var errors = request.Errors.ToDictionary(
            pair => Property(pair.Key), pair => (IReadOnlyList<string>)[.. pair.Value], StringComparer.Ordinal);
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
        BundleException or CheckpointException => LocutorError.ModelUnavailable,
        DeviceOutOfMemoryException => LocutorError.OutOfMemory,
        WrongResultException or WrongArithmeticException => LocutorError.WrongResult,
        DeviceUnavailableException or GpuCapabilityException or DllNotFoundException => LocutorError.MissingDependency,
        TypeInitializationException { InnerException: { } inner } => Reason(inner),
        _ => null,
    };

    /// <summary>The property that a field of the table belongs to: text_guidance is TextGuidance.</summary>
    private static string Property(string field) =>
        string.Concat(field.Split('_').Select(part => char.ToUpperInvariant(part[0]) + part[1..]));
}
