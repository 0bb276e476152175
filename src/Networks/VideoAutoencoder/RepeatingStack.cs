using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>
/// Takes chunks through a stack and leaves out every layer whose chunk and history equal those of the chunk before, bit for bit: it
/// would say the same again, and leave the same history. On a video that stands still the layers settle one after the other, the
/// first (and dearest) ones soonest.
/// </summary>
internal sealed class RepeatingStack(CausalStack stack, CausalCache cache) : IDisposable
{
    private readonly Tensor?[] said = new Tensor?[stack.Layers.Count + 1]; // the last chunk, then what each layer made of it
    private readonly bool[] settled = new bool[stack.Layers.Count]; // whether the last chunk left the layer's history as it was

    /// <summary>Layers that ran so far.</summary>
    public int Runs { get; private set; }

    /// <param name="chunk">That completes a frame of every layer.</param>
    /// <returns>The last layer's answer, which stays with this object until the next chunk.</returns>
    public Tensor Forward(Tensor chunk)
    {
        using var scope = NewDisposeScope();
        bool same = Replace(0, chunk.alias());
        for (int i = 0; i < settled.Length; i++)
        {
            if (same && settled[i]) continue;
            cache.Changed = false;
            var answer = stack.Layers[i].Forward(said[i]!, cache);
            settled[i] = cache.Changed == false;
            same = Replace(i + 1, answer);
            Runs++;
        }
        return said[^1]!;
    }

    public void Dispose()
    {
        foreach (var answer in said) answer?.Dispose();
    }

    private bool Replace(int place, Tensor answer)
    {
        var old = said[place];
        said[place] = answer.DetachFromDisposeScope();
        bool same = old is not null && old.shape.AsSpan().SequenceEqual(answer.shape) && old.Equals(answer);
        old?.Dispose();
        return same;
    }
}
