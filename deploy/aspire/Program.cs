// The service with PostgreSQL, workers and the dashboard of .NET Aspire on a developer's machine:
//   dotnet run -c Release --project deploy/aspire                            two workers on the CPU
//   dotnet run -c Release --project deploy/aspire -- --workers 1 --device cuda:0
// It prints the address of the dashboard, which shows logs, traces and states. Files are kept in --data, or in a bucket if the variables
// LOCUTOR_S3_BUCKET and LOCUTOR_S3_... are set.
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

var builder = DistributedApplication.CreateBuilder(args);
string root = Path.GetFullPath("../..", builder.AppHostDirectory);
string program = Path.Combine(root, "src/Cli/bin/Release/net10.0/locutor");
string data = builder.Configuration["data"] ?? Path.Combine(root, "out/aspire");
int Number(string name, int usual) => int.Parse(builder.Configuration[name] ?? $"{usual}", CultureInfo.InvariantCulture);
int databasePort = Number("database-port", 5499), port = Number("port", 8080), workers = Number("workers", 2);
string files = Path.Combine(data, "service");
string connection = $"Host=127.0.0.1;Port={databasePort};Username=locutor;Database=postgres";

builder.Services.AddHealthChecks().AddAsyncCheck("database accepts connections", async cancellationToken =>
{
    using var asking = Process.Start("pg_isready", ["-q", "-h", "127.0.0.1", "-p", $"{databasePort}"]);
    await asking.WaitForExitAsync(cancellationToken);
    return asking.ExitCode == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("it is starting");
});
var database = builder.AddExecutable("database", "/bin/sh", builder.AppHostDirectory, "postgres.sh", Path.Combine(data, "database"))
    .WithEndpoint(port: databasePort, name: "postgres", env: "PORT", isProxied: false)
    .WithHealthCheck("database accepts connections");

string device = builder.Configuration["device"] ?? "cpu", url = $"http://127.0.0.1:{port}";
var service = builder
    .AddExecutable("service", program, root, "serve", "--data", files, "--workers", "none", "--urls", url, "--no-auth")
    .WithEnvironment("LOCUTOR_POSTGRES", connection)
    .WithHttpEndpoint(port: port, isProxied: false)
    .WithHttpHealthCheck("/readyz")
    .WithOtlpExporter()
    .WaitFor(database);

for (int number = 1; number <= workers; number++)
{
    builder.AddExecutable($"worker-{number}", program, root, "worker", "--data", files, "--device", device)
        .WithEnvironment("LOCUTOR_POSTGRES", connection)
        .WithOtlpExporter()
        .WaitFor(service);
}
builder.Build().Run();
