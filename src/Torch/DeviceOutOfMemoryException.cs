using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Locutor.Torch;

/// <summary>Memory of a device ran out. The message contains the missing amount.</summary>
public sealed partial class DeviceOutOfMemoryException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Runs <paramref name="work"/> and converts every failure for lack of memory to this exception.</summary>
    /// <exception cref="DeviceOutOfMemoryException">Memory ran out.</exception>
    public static T Watch<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception failure) when (From(failure) is { } recognised)
        {
            throw recognised;
        }
    }

    /// <inheritdoc cref="Watch"/>
    public static async Task<T> WatchAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (Exception failure) when (From(failure) is { } recognised)
        {
            throw recognised;
        }
    }

    /// <summary>Returns the items of a sequence and converts every failure for lack of memory to this exception.</summary>
    public static async IAsyncEnumerable<T> WatchAsync<T>(
        IAsyncEnumerable<T> work, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var items = work.GetAsyncEnumerator(cancellationToken);
        await using var disposal = items.ConfigureAwait(false);
        while (await WatchAsync(() => items.MoveNextAsync().AsTask()).ConfigureAwait(false)) yield return items.Current;
    }

    /// <summary>
    /// Converts a failure for lack of memory; returns null for any other failure. It parses libtorch's message, the only part of a native
    /// exception that TorchSharp keeps.
    /// </summary>
    public static DeviceOutOfMemoryException? From(Exception failure)
    {
        string gpu = "";
        for (var one = (Exception?)failure; one is not null; one = one.InnerException)
        {
            if (one is DeviceOutOfMemoryException) return null; // recognised already
            if (one is DeviceFailedException failed) gpu = $"{failed.Device}: "; // one of several GPUs
            if (one is OutOfMemoryException) return new("the machine's memory does not suffice", failure);
            if (one is not ExternalException) continue;
            if (one.Message.Contains("CUDA out of memory", StringComparison.Ordinal)) return new(gpu + GpuMessage(one.Message), failure);
            if (HostAmount().Match(one.Message) is { Success: true } host)
                return new($"the machine's memory does not suffice: {host.Groups["asked"]} bytes more were asked for", failure);
        }

        return null;
    }

    private static string GpuMessage(string message)
    {
        var found = Amounts().Match(message);
        string amounts = found.Success
            ? $": {found.Groups["asked"]} more was asked for, {found.Groups["free"]} of {found.Groups["total"]} is free"
            : "";
        string allowed = Allowed().Match(message) is { Success: true } limit
            ? $", {limit.Groups["allowed"]} is allowed to this program"
            : "";
        return $"the GPU's memory does not suffice{amounts}{allowed}";
    }

    [GeneratedRegex(
        @"Tried to allocate (?<asked>[\d.]+ \w+)\. " +
        @"GPU \d+ has a total capacity of (?<total>[\d.]+ \w+) of which (?<free>[\d.]+ \w+) is free")]
    private static partial Regex Amounts();

    [GeneratedRegex(@"(?<allowed>[\d.]+ \w+) allowed")]
    private static partial Regex Allowed();

    [GeneratedRegex(@"can't allocate memory: you tried to allocate (?<asked>\d+) bytes")]
    private static partial Regex HostAmount();
}
