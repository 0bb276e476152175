namespace Locutor.Models;

/// <summary>The networks of a bundle.</summary>
public enum NetworkKind
{
    /// <summary>The video transformer, with its audio adapter.</summary>
    Transformer,

    /// <summary>The video autoencoder.</summary>
    Autoencoder,

    /// <summary>The encoder of the prompt.</summary>
    Text,

    /// <summary>The encoder of the picture.</summary>
    Image,

    /// <summary>The encoder of speech.</summary>
    Speech,

    /// <summary>Draws moving parts at the portrait's size; not every bundle has one.</summary>
    Upsampler,
}

/// <summary>Names of the networks, as they appear in options, file names and messages.</summary>
public static class NetworkKinds
{
    /// <summary>The five that every bundle has, in the order in which they are listed and prepared.</summary>
    public static IReadOnlyList<NetworkKind> All { get; } = [NetworkKind.Transformer, NetworkKind.Autoencoder, NetworkKind.Text, NetworkKind.Image, NetworkKind.Speech];

    /// <summary>The names of all networks, separated by commas.</summary>
    public static string Names { get; } = string.Join(", ", All.Select(Name));

    /// <summary>The name in lower case, such as <c>transformer</c>.</summary>
    public static string Name(this NetworkKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>The network of that name; null when there is none.</summary>
    public static NetworkKind? Parse(string name) => All.Where(kind => kind.Name() == name).Select(kind => (NetworkKind?)kind).FirstOrDefault();
}
