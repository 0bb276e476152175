using Locutor.Media.Pictures;
using Locutor.Networks.ClipVision;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Generation.Conditioning;

/// <summary>Keys and values that outlive a clip: those of the prompts are computed once a video, those of the picture once for each picture that is shown.</summary>
internal sealed class ContextCache(VideoTransformer transformer, ClipVisionEncoder encoder, Device device) : IDisposable
{
    private readonly Dictionary<Tensor, IReadOnlyList<KeysValues>> texts = [];
    private IReadOnlyList<KeysValues> image = [];
    private Picture? shown;

    /// <param name="embedding">Of a prompt; one tensor is one prompt.</param>
    public IReadOnlyList<KeysValues> Text(Tensor embedding)
    {
        if (!texts.TryGetValue(embedding, out var made)) texts[embedding] = made = Keep(transformer.EmbedText(embedding));
        return made;
    }

    /// <param name="picture">That conditions the clip.</param>
    /// <param name="pixels">The same, [3, 1, H, W].</param>
    /// <param name="look">Sees the tokens of the picture encoder when they are computed.</param>
    public IReadOnlyList<KeysValues> Image(Picture picture, Tensor pixels, Action<Tensor> look)
    {
        if (ReferenceEquals(shown, picture)) return image;
        using var scope = NewDisposeScope();
        Dispose(image);
        (shown, image) = (null, []);
        var tokens = encoder.Forward(pixels.unsqueeze(0).to(device).squeeze(2));
        look(tokens);
        image = Keep(transformer.EmbedImage(tokens));
        shown = picture;
        return image;
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
