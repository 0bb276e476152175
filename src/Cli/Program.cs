using Locutor.Cli;
using Locutor.Cli.Commands;
using Locutor.Files;

int code = await LocutorProgram.RunAsync(args, VideoMaking.WithNetworks);
// At a regular exit libtorch frees its tables, which takes a tenth of a second.
if (args.Length > 0 && Verbs.RunNetworks.Contains(args[0])) ProcessEnd.Now(code);
return code;
