using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Networks.Teams;

/// <summary>Copies of keys and values on another device. Each list is copied once, when a pass needs it first.</summary>
internal sealed class ConditioningCopies(Device device) : IDisposable
{
    private readonly Dictionary<object, IDisposable[]> copies = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<object> used = new(ReferenceEqualityComparer.Instance);

    /// <summary>Returns the conditioning with keys and values of this device.</summary>
    public Conditioning Copy(Conditioning given) => given with
    {
        Text = Copy(given.Text),
        Image = Copy(given.Image),
        Audio = new AudioConditioning(Copy(given.Audio.Blocks), given.Audio.Speakers is { } speakers ? Copy(speakers) : null),
    };

    /// <summary>Frees the copies that were not used since the last call.</summary>
    public void FreeUnused()
    {
        foreach (object one in copies.Keys.Where(one => !used.Contains(one)).ToArray())
            if (copies.Remove(one, out var old)) Free(old);
        used.Clear();
    }

    public void Dispose()
    {
        used.Clear();
        FreeUnused();
    }

    private IReadOnlyList<KeysValues> Copy(IReadOnlyList<KeysValues> blocks) =>
        [.. Kept(blocks, () => [.. blocks.Select(block => new KeysValues(Moved(block.Keys), Moved(block.Values)))]).Cast<KeysValues>()];

    private SpeakerMasks Copy(SpeakerMasks speakers) => (SpeakerMasks)Kept(speakers, () => [speakers.To(device)])[0];

    private IDisposable[] Kept(object original, Func<IDisposable[]> copy)
    {
        used.Add(original);
        if (!copies.TryGetValue(original, out var made)) copies[original] = made = copy();
        return made;
    }

    private Tensor Moved(Tensor x) => x.to(device, copy: true).DetachFromDisposeScope();

    private static void Free(IDisposable[] copies)
    {
        foreach (var one in copies) one.Dispose();
    }
}
