using Locutor.Media.Pictures;
using Locutor.Networks.ClipVision;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Generation.Conditioning;

/// <summary>Keys and values of all blocks for the inputs that the passes of a clip attend to.</summary>
/// <param name="Texts">Keys and values of each prompt.</param>
/// <param name="Image">Keys and values of the picture.</param>
/// <param name="Speech">Keys and values of each embedded speech.</param>
internal sealed record ClipContext(
    IReadOnlyList<IReadOnlyList<KeysValues>> Texts, IReadOnlyList<KeysValues> Image, IReadOnlyList<IReadOnlyList<KeysValues>> Speech);

/// <summary>
/// Computes keys and values in one pass over the blocks per clip. Those of prompts are cached for the whole video, those of a picture until
/// the picture changes; those of speech are computed for each clip.
/// </summary>
internal sealed class ContextCache(VideoTransformer transformer, ClipVisionEncoder encoder, Device device) : IDisposable
{
    private readonly Dictionary<Tensor, IReadOnlyList<KeysValues>> texts = new(ReferenceEqualityComparer.Instance);
    private IReadOnlyList<KeysValues> image = [];
    private Picture? shown;

    /// <summary>Returns the keys and values of a clip, from the cache or computed.</summary>
    /// <param name="prompts">Embeddings of the prompts; each tensor identifies one prompt.</param>
    /// <param name="picture">The picture that conditions the clip.</param>
    /// <param name="pixels">The pixels of that picture, [3, 1, H, W].</param>
    /// <param name="look">Receives the tokens of the picture encoder when they are computed.</param>
    /// <param name="speech">Speech of the clip.</param>
    public ClipContext Project(
        IReadOnlyList<Tensor> prompts, Picture picture, Tensor pixels, Action<Tensor> look, IReadOnlyList<BlockTokens> speech)
    {
        Tensor[] missing = [.. prompts.Distinct<Tensor>(ReferenceEqualityComparer.Instance).Where(prompt => !texts.ContainsKey(prompt))];
        var owned = missing.Select(transformer.ComputeTextTokens).ToList();
        try
        {
            bool isNewPicture = !ReferenceEquals(shown, picture);
            if (isNewPicture) owned.Add(EncodeImage(pixels, look));
            var made = transformer.Project([.. speech, .. owned]);
            foreach (var (prompt, keysValues) in missing.Zip(made[speech.Count..])) texts[prompt] = Keep(keysValues);
            if (isNewPicture) ReplaceImage(picture, Keep(made[^1]));
            return new ClipContext([.. prompts.Select(prompt => texts[prompt])], image, made[..speech.Count]);
        }
        finally
        {
            foreach (var tokens in owned) tokens.Dispose();
        }
    }

    private BlockTokens EncodeImage(Tensor pixels, Action<Tensor> look)
    {
        using var scope = NewDisposeScope();
        var tokens = encoder.Forward(pixels.unsqueeze(0).to(device).squeeze(2));
        look(tokens);
        return transformer.ComputeImageTokens(tokens);
    }

    private void ReplaceImage(Picture picture, IReadOnlyList<KeysValues> made)
    {
        Dispose(image);
        (shown, image) = (picture, made);
    }

    public void Dispose()
    {
        Dispose(image);
        foreach (var made in texts.Values) Dispose(made);
    }

    private static IReadOnlyList<KeysValues> Keep(IReadOnlyList<KeysValues> made)
    {
        foreach (var one in made)
        {
            one.Keys.DetachFromDisposeScope();
            one.Values.DetachFromDisposeScope();
        }

        return made;
    }

    private static void Dispose(IReadOnlyList<KeysValues> made)
    {
        foreach (var one in made) one.Dispose();
    }
}
