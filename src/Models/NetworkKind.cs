namespace Locutor.Models;

/// <summary>The networks of a bundle.</summary>
public enum NetworkKind
{
    /// <summary>The video transformer, with its audio adapter.</summary>
    Transformer,

    /// <summary>The video autoencoder.</summary>
    Autoencoder,

    /// <summary>The text encoder, which encodes the prompt.</summary>
    Text,

    /// <summary>The picture encoder.</summary>
    Image,

    /// <summary>The speech encoder.</summary>
    Speech,

    /// <summary>Upsamples moving parts to the portrait's size; optional.</summary>
    Upsampler,
}

/// <summary>Names of the networks, as they appear in options, file names and messages.</summary>
public static class NetworkKinds
{
    /// <summary>The five networks that every bundle has, in the order in which they are listed and prepared.</summary>
    public static IReadOnlyList<NetworkKind> All { get; } =
    [
        NetworkKind.Transformer, NetworkKind.Autoencoder, NetworkKind.Text, NetworkKind.Image, NetworkKind.Speech
    ];

    /// <summary>The names of all networks, separated by commas.</summary>
    public static string Names { get; } = string.Join(", ", All.Select(Name));

    /// <summary>The name in lower case, such as <c>transformer</c>.</summary>
    public static string Name(this NetworkKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>Returns the network of that name; null if there is none.</summary>
    public static NetworkKind? Parse(string name) =>
        All.Where(kind => kind.Name() == name).Select(kind => (NetworkKind?)kind).FirstOrDefault();
}
