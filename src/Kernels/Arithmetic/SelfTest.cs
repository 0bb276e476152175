using System.Collections.Concurrent;
using System.Globalization;
using Locutor.Torch;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Kernels.Arithmetic;

/// <summary>
/// Tests the operations of one device against their definition before a network uses them, and chooses a path for each. Results are cached
/// for each device, its flags and the libtorch build, so that only the first start needs time for them.
/// </summary>
/// <param name="identity">Text that contains everything that affects results: the device, its features, library builds.</param>
/// <param name="cache">Results of earlier processes; null caches them in this process only.</param>
public sealed class SelfTest(string identity, SelfTestCache? cache)
{
    private const int Rounds = 5;
    private const double ClearlyFaster = 0.6;

    private static readonly ConcurrentDictionary<string, SelfTest> Devices = new(StringComparer.Ordinal);
    private readonly Dictionary<OperationKind, CheckResult> used = [];
    private readonly Lock testing = new();
    private Dictionary<OperationKind, CheckResult>? known;
    private bool unsaved;

    /// <summary>Results of the operations that this process uses.</summary>
    public IReadOnlyList<CheckResult> Results
    {
        get
        {
            lock (testing) return [.. used.Values];
        }
    }

    /// <summary>One line about the operations that use another path than usual, with the reason; null if there is none.</summary>
    public string? Notice
    {
        get
        {
            CheckResult[] changed = [.. Results.Where(result => result.IsChanged || result.Path is null)];
            if (changed.Length == 0) return null;
            string first = $"{changed[0].Kind}: {changed[0].Usual} is {changed[0].Reason}";
            string more = changed.Length == 1 ? "" : $", and {changed.Length - 1} more";
            var paths = changed.GroupBy(result => result.Path ?? "not used").Select(group => $"{group.Key} ({group.Count()})");
            return $"this machine computes some operations wrongly ({first}{more}); other paths are used: {string.Join(", ", paths)}. "
                + "Results are right. 'locutor doctor' lists all of them.";
        }
    }

    /// <summary>Returns the test of a device. There is one for each device and injected fault.</summary>
    public static SelfTest On(Device device)
    {
        string identity = DeviceIdentity.Compute(device);
        return Devices.GetOrAdd(identity, key => new SelfTest(key, SelfTestCache.Default));
    }

    /// <summary>
    /// Returns the name of the path to use for a kind of operation; null if every path is wrong. The first call tests it.
    /// </summary>
    /// <param name="kind">Kind of the operation.</param>
    /// <param name="check">Test of the operation.</param>
    public string? PathOf(OperationKind kind, OperationCheck check)
    {
        if (!TorchOptions.Current.SelfTest) return check.Paths[0].Name;
        lock (testing)
        {
            if (used.TryGetValue(kind, out var result)) return result.Path;
            known ??= cache?.Read(identity) ?? [];
            if (!known.TryGetValue(kind, out result) || !Fits(check, result))
            {
                result = Test(kind, check);
                unsaved = true;
            }
            used[kind] = result;
            return result.Path;
        }
    }

    /// <summary>Stores new results for later processes. If the cache cannot be written, the next start tests again.</summary>
    public void Save()
    {
        lock (testing)
        {
            if (!unsaved) return;
            cache?.Add(identity, used);
            unsaved = false;
        }
    }

    /// <summary>Returns whether a stored result names paths that the check still has.</summary>
    private static bool Fits(OperationCheck check, CheckResult result) =>
        result.Usual == check.Paths[0].Name && (result.Path is null || check.Paths.Any(path => path.Name == result.Path));

    private static CheckResult Test(OperationKind kind, OperationCheck check)
    {
        using var scope = NewDisposeScope();
        var inputs = check.Inputs();
        var reference = check.Reference(inputs);
        string usual = check.Paths[0].Name;
        var (error, refusal) = ErrorOf(check.Paths[0], inputs, reference);
        if (error <= check.Tolerance) return new(kind, usual, error, usual);
        string reason = refusal
            ?? (double.IsNaN(error) ? "not finite" : string.Create(CultureInfo.InvariantCulture, $"wrong by {error:P0}"));
        List<(OperationPath Path, double Error)> right = [];
        foreach (var path in check.Paths.Skip(1).OrderBy(path => path.IsLastResort))
        {
            if (path.IsLastResort && right.Count > 0) break;
            var (other, refused) = ErrorOf(path, inputs, reference);
            if (refused is null && other <= check.Tolerance) right.Add((path, other));
        }
        if (right.Count == 0) return new(kind, null, error, usual, reason);
        var chosen = right[right.Count == 1 ? 0 : Fastest([.. right.Select(one => one.Path)], check.TimedInputs?.Invoke() ?? inputs)];
        return new(kind, chosen.Path.Name, chosen.Error, usual, reason);
    }

    /// <summary>Returns the largest relative L2 error of all results; NaN if one is not finite or the device refuses the path.</summary>
    private static (double Error, string? Refusal) ErrorOf(OperationPath path, Tensor[] inputs, Tensor[] reference)
    {
        using var scope = NewDisposeScope();
        try
        {
            var results = path.Run(inputs);
            double[] errors = [.. results.Zip(reference, Distance)];
            return (errors.Length != reference.Length || errors.Any(double.IsNaN) ? double.NaN : errors.Max(), null);
        }
        catch (Exception failure)
            when (failure is System.Runtime.InteropServices.ExternalException or KernelException or InvalidOperationException
                or NotSupportedException)
        {
            return (double.NaN, "refused: " + Refusal(failure.Message));
        }
    }

    /// <summary>Returns one line of an error message: the reason at the end of a script's trace, else the first line.</summary>
    private static string Refusal(string message)
    {
        const string Reason = "RuntimeError: ";
        string[] lines = message.Split('\n');
        return lines.FirstOrDefault(line => line.StartsWith(Reason, StringComparison.Ordinal))?[Reason.Length..] ?? lines[0];
    }

    private static double Distance(Tensor result, Tensor reference)
    {
        using var scope = NewDisposeScope();
        var exact = reference.to(ScalarType.Float64);
        double length = exact.norm().item<double>();
        if (!(length > 0 && double.IsFinite(length)))
            throw new ArgumentException("the reference of a check must be finite and not zero", nameof(reference));
        if (!result.shape.AsSpan().SequenceEqual(reference.shape)) return double.NaN;
        double error = (result.to(ScalarType.Float64) - exact).norm().item<double>() / length;
        return double.IsFinite(error) ? error : double.NaN;
    }

    /// <summary>
    /// Returns the index of the fastest path, by the shortest of several alternating runs. A later path must be clearly faster than an
    /// earlier one, so that the load of the machine does not decide.
    /// </summary>
    private static int Fastest(OperationPath[] paths, Tensor[] inputs)
    {
        double[] shortest = [.. paths.Select(_ => double.PositiveInfinity)];
        for (int round = 0; round < Rounds; round++)
            for (int i = 0; i < paths.Length; i++) shortest[i] = Math.Min(shortest[i], Time(paths[i], inputs));
        int best = 0;
        for (int i = 1; i < paths.Length; i++)
            if (shortest[i] < shortest[best] * ClearlyFaster) best = i;
        return best;
    }

    private static double Time(OperationPath path, Tensor[] inputs)
    {
        using var scope = NewDisposeScope();
        long begun = System.Diagnostics.Stopwatch.GetTimestamp();
        path.Run(inputs);
        if (inputs[0].device_type == TorchSharp.DeviceType.CUDA) cuda.synchronize();
        return System.Diagnostics.Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }
}
