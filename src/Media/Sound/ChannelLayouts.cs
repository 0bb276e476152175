namespace Locutor.Media.Sound;

/// <summary>The speakers of each of ffmpeg's named channel layouts, in channel order.</summary>
internal static class ChannelLayouts
{
    private const double Surround = 0.7071;

    private static readonly Dictionary<string, string> Speakers = new(StringComparer.Ordinal)
    {
        ["2.1"] = "FL FR LFE",
        ["3.0"] = "FL FR FC",
        ["3.0(back)"] = "FL FR BC",
        ["3.1"] = "FL FR FC LFE",
        ["4.0"] = "FL FR FC BC",
        ["4.1"] = "FL FR FC LFE BC",
        ["quad"] = "FL FR BL BR",
        ["quad(side)"] = "FL FR SL SR",
        ["5.0"] = "FL FR FC BL BR",
        ["5.0(side)"] = "FL FR FC SL SR",
        ["5.1"] = "FL FR FC LFE BL BR",
        ["5.1(side)"] = "FL FR FC LFE SL SR",
        ["6.0"] = "FL FR FC BC SL SR",
        ["6.0(front)"] = "FL FR FLC FRC SL SR",
        ["hexagonal"] = "FL FR FC BL BR BC",
        ["6.1"] = "FL FR FC LFE BC SL SR",
        ["6.1(back)"] = "FL FR FC LFE BL BR BC",
        ["6.1(front)"] = "FL FR LFE FLC FRC SL SR",
        ["7.0"] = "FL FR FC BL BR SL SR",
        ["7.0(front)"] = "FL FR FC FLC FRC SL SR",
        ["7.1"] = "FL FR FC LFE BL BR SL SR",
        ["7.1(wide)"] = "FL FR FC LFE BL BR FLC FRC",
        ["7.1(wide-side)"] = "FL FR FC LFE FLC FRC SL SR",
        ["octagonal"] = "FL FR FC BL BR BC SL SR",
    };

    /// <summary>Returns the weights of a stereo downmix, not normalised; null if the layout is missing or unknown.</summary>
    public static (double[] Left, double[] Right)? Stereo(string? layout, int channels)
    {
        if (layout is null || !Speakers.TryGetValue(layout, out string? names)) return null;
        (double Left, double Right)[] weights = [.. names.Split(' ').Select(Weight)];
        return weights.Length == channels ? (Array.ConvertAll(weights, w => w.Left), Array.ConvertAll(weights, w => w.Right)) : null;
    }

    private static (double Left, double Right) Weight(string speaker) => speaker switch
    {
        "FL" or "FLC" => (1, 0),
        "FR" or "FRC" => (0, 1),
        "FC" => (Surround, Surround),
        "BL" or "SL" => (Surround, 0),
        "BR" or "SR" => (0, Surround),
        _ => (0.5, 0.5), // low frequencies and back centre
    };
}
