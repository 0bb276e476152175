using Microsoft.Extensions.Logging.Console;

namespace Locutor.Service.Settings;

/// <summary>Configures how log messages are shown.</summary>
internal static class Logs
{
    public static void Configure(ILoggingBuilder logging, ServeSettings settings)
    {
        logging.ClearProviders();
        if (settings.LogJson)
        {
            logging.AddJsonConsole(options =>
            {
                options.UseUtcTimestamp = true;
                options.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
            });
        }
        else
        {
            logging.AddSimpleConsole(options =>
            {
                options.SingleLine = true;
                options.UseUtcTimestamp = true;
                options.TimestampFormat = "yyyy-MM-ddTHH:mm:ssZ ";
                options.ColorBehavior = LoggerColorBehavior.Disabled;
            });
        }

        logging.SetMinimumLevel(Enum.Parse<LogLevel>(settings.LogLevel));
        logging.AddFilter("Orleans", LogLevel.Error);
        logging.AddFilter("Polly", LogLevel.Warning);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);
    }
}
