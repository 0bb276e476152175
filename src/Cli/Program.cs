using Locutor.Cli;
using Locutor.Cli.Commands;
using Locutor.Files;

ClosedStreams.Replace();
bool runsNetworks = args.Length > 0 && Verbs.RunNetworks.Contains(args[0]);
if (runsNetworks) RuntimeSettings.Apply();
int code = await LocutorProgram.RunAsync(args, VideoMaking.WithNetworks);
// At a regular exit libtorch frees its tables, which takes a tenth of a second.
if (runsNetworks) ProcessEnd.Now(code);
return code;
