using System.Globalization;
using Locutor.Cli;
using Locutor.StubService;

// The program locutor with StubRunner instead of the networks. Everything else of the service is real. A video takes X seconds with --set
// stub_seconds=X; the workers that this program starts get the number in an environment variable.
var (seconds, others) = StubSeconds.Take(args);
if (seconds is not null) Environment.SetEnvironmentVariable(StubSeconds.Variable, seconds);
double each = double.Parse(Environment.GetEnvironmentVariable(StubSeconds.Variable) ?? "1", CultureInfo.InvariantCulture);
return await LocutorProgram.RunAsync(others, StubMaking.Create(each));
