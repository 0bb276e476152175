using System.Net;
using Locutor.Service.Http;
using Locutor.Service.Settings;
using Locutor.Service.Workers;
using Microsoft.Extensions.Options;

namespace Locutor.Service.Operations;

/// <summary>Checks that settings which are valid one by one are also valid together.</summary>
internal sealed class SettingsCheck : IValidateOptions<ServeSettings>
{
    public ValidateOptionsResult Validate(string? name, ServeSettings options)
    {
        try
        {
            Validate(options);
            return ValidateOptionsResult.Success;
        }
        catch (SettingsException exception)
        {
            return ValidateOptionsResult.Fail(exception.Message);
        }
    }

    /// <exception cref="SettingsException">
    /// An address is not valid, tokens are off on an address that other machines reach, the provider of tokens has no audience, settings
    /// of a bucket come without its name, or the device of a worker is unknown.
    /// </exception>
    public static void Validate(ServeSettings settings)
    {
        foreach (var address in ListenAddresses.Parse(settings).Where(_ => settings.NoAuth))
        {
            if (address.Host != "localhost" && !(IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip)))
            {
                throw new SettingsException(
                    $"no_auth: expected loopback addresses only, found {address}; create a token with 'locutor tokens create' to serve " +
                    "there");
            }
        }
        if (settings.OidcAuthority is not null && settings.OidcAudience is null)
        {
            throw new SettingsException(
                "oidc_audience: expected the audience of this service's tokens together with oidc_authority, found nothing; tokens for " +
                "another service of the provider must not be accepted");
        }
        if (settings is { S3Bucket: null } and ({ S3Endpoint: not null } or { S3AccessKey: not null } or { S3SecretKey: not null }))
        {
            throw new SettingsException(
                "s3_bucket: expected the name of a bucket together with s3_endpoint, s3_access_key or s3_secret_key, found nothing; " +
                "without it files would be kept in the data folder");
        }
        WorkerSupervisor.CheckNames(settings);
    }
}
