using System.Net;
using Locutor.Service.Inputs;
using Locutor.Service.Settings;
using Locutor.TextToSpeech;
using Locutor.TextToSpeech.Engines;

namespace Locutor.Service.Speech;

/// <summary>Creates the voices that this service offers, from its settings and the programs of this machine.</summary>
internal static class SpeechVoices
{
    /// <param name="settings">The settings of the service.</param>
    /// <param name="resolve">Resolves the name of the speech server; null asks the system.</param>
    public static VoiceCatalogue Create(ServeSettings settings, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        var options = SpeechServerOptions.From(settings.SpeechUrl, settings.SpeechModel, settings.SpeechVoices, settings.SpeechKey);
        return VoiceCatalogue.FromThisMachine(options is null
            ? null
            : new SpeechServer(options, UrlFetcher.Handler(GuardOf(settings, options.Address, resolve), DecompressionMethods.None)));
    }

    /// <summary>
    /// Returns the guard of connections to the speech server. Networks that are open to it are not open to inputs. An operator who writes
    /// an IP address or localhost means that machine; a name may resolve to any address and is checked.
    /// </summary>
    private static AddressGuard GuardOf(ServeSettings settings, Uri address, Func<string, CancellationToken, Task<IPAddress[]>>? resolve)
    {
        IEnumerable<IPNetwork> named = IPAddress.TryParse(address.DnsSafeHost, out var literal)
            ? [new IPNetwork(literal, literal.GetAddressBytes().Length * 8)]
            : address.IsLoopback ? [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")] : [];
        return new AddressGuard(settings with { AllowAddresses = [.. settings.SpeechAllowAddresses, .. named] }, resolve);
    }
}
