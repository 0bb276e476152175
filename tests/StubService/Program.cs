using System.Globalization;
using Locutor.Cli;
using Locutor.Cli.Commands;
using Locutor.Generation.Diagnosis;
using Locutor.StubService;

// The program locutor with StubRunner in place of the networks: all of the service is real, and a video takes as long as --set
// stub_seconds=X says. The workers, which this program starts, find that number in their environment.
var (seconds, others) = StubSeconds.Take(args);
if (seconds is not null) Environment.SetEnvironmentVariable(StubSeconds.Variable, seconds);
double each = double.Parse(Environment.GetEnvironmentVariable(StubSeconds.Variable) ?? "1", CultureInfo.InvariantCulture);
return await LocutorProgram.RunAsync(
    others, new VideoMaking(_ => StubCatalog.Create(), _ => new StubRunner(each), _ => [MachineChecks.Ffmpeg]));
