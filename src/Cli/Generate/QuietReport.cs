using Locutor.Generation.Progress;
using Locutor.Generation.Requests;

namespace Locutor.Cli.Generate;

/// <summary>Reports only failures, for <c>--quiet</c>.</summary>
internal sealed class QuietReport : Report
{
    public override void Say(string notice) { }

    public override void Growing(string path) { }

    public override void Weights(IReadOnlyList<string> lines, bool shipped) { }

    public override void Begin(string name, int number, int count) { }

    public override void Failed(string name, IReadOnlyList<string> reasons)
    {
        foreach (string reason in reasons) Console.Error.WriteLine($"locutor: {name}: {reason}");
    }

    public override void Done(ProductionResult result, long seed, TimeSpan elapsed) { }

    protected override void Show(GenerationProgress progress, TimeSpan? left) { }
}
